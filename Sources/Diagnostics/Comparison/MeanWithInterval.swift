public import RunRecords

/// A mean with the half width of its 95 % confidence interval by Student's t.
public struct MeanWithInterval: Codable, Equatable, Sendable {
  public var mean: Double
  /// nil for one value, and where the squares of the deviations are too large for a number.
  @OrNull public var halfWidth: Double? = nil

  /// - Parameter values: at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing has no mean")
    let n = Double(values.count)
    // Divided first: the sum of finite values may be too large for a number, their mean is not.
    let mean = values.reduce(0) { $0 + $1 / n }
    self.mean = mean
    guard values.count > 1 else { return }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    guard variance.isFinite else { return }
    halfWidth = Self.studentQuantile(degreesOfFreedom: values.count - 1) * (variance / n).squareRoot()
  }

  /// The 97.5 % quantile of Student's t distribution, to three digits (Fisher and Yates, Statistical Tables, 1938); above
  /// 30 degrees of freedom by the first terms of its expansion about the normal quantile.
  static func studentQuantile(degreesOfFreedom: Int) -> Double {
    let table = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
      2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]
    if degreesOfFreedom <= table.count { return table[degreesOfFreedom - 1] }
    let (z, n) = (1.959964, Double(degreesOfFreedom))
    return z + (z * z * z + z) / (4 * n)
  }
}
