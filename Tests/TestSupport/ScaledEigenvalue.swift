/// A parameter without Ẅ that has curvature: no λ makes the bound hold.
public struct UncoveredParameter: Error, Equatable, CustomStringConvertible {
  /// The index in the order of ``ReferenceNetwork/parameters``.
  public var parameter: Int
  /// The largest |entry| of its row of the Hessian.
  public var magnitude: Double

  public init(parameter: Int, magnitude: Double) {
    self.parameter = parameter
    self.magnitude = magnitude
  }

  public var description: String {
    "Parameter \(parameter) has second-order coefficient 0, but its row of the Hessian reaches \(magnitude)."
  }
}

/// λ_max(D^−½ H D^−½): at most 1 exactly if ½ Δwᵀ H Δw ≤ ½ Σ D Δw² for all Δw.
///
/// Parameters with D = 0 must have a zero row in H and are left out. D counts as 0 below 1e-250, where products of
/// it would be subnormal. With no parameter left the result is 0.
///
/// - Parameters:
///   - hessian: symmetric, [parameters × parameters].
///   - diagonal: D ≥ 0, [parameters].
///   - tolerance: how large a row may be to count as zero, relative to the largest |entry| of `hessian`.
/// - Throws: ``UncoveredParameter`` for the first parameter with D = 0 and a nonzero row.
public func scaledLargestEigenvalue(
  _ hessian: [[Double]], diagonal: [Double], tolerance: Double = 1e-12
) throws(UncoveredParameter) -> Double {
  precondition(hessian.count == diagonal.count, "D has one entry for each row of H.")
  var largest = 0.0
  for row in hessian {
    for entry in row { largest = max(largest, abs(entry)) }
  }
  var kept: [Int] = []
  for p in diagonal.indices {
    precondition(diagonal[p] >= 0, "D is nonnegative; entry \(p) is \(diagonal[p]).")
    if diagonal[p] >= 1e-250 {
      kept.append(p)
      continue
    }
    var magnitude = 0.0
    for entry in hessian[p] { magnitude = max(magnitude, abs(entry)) }
    if magnitude > tolerance * largest { throw UncoveredParameter(parameter: p, magnitude: magnitude) }
  }
  if kept.isEmpty { return 0 }
  return largestEigenvalue(
    of: kept.map { p in
      kept.map { q in
        // H is symmetric up to rounding; the mean of both triangles is its quadratic form.
        0.5 * (hessian[p][q] + hessian[q][p]) / diagonal[p].squareRoot() / diagonal[q].squareRoot()
      }
    })
}
