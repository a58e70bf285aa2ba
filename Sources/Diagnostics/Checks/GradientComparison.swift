/// Difference quotients of some parameters of a block next to their derivatives.
struct GradientComparison {
  /// The quotients, not a number for parameters that are left out, and the derivatives.
  let approximate: [Double]
  let exact: [Double]

  init(approximate: [Double], exact: [Double]) {
    precondition(approximate.count == exact.count, "every quotient needs its derivative")
    (self.approximate, self.exact) = (approximate, exact)
  }

  /// How many parameters are compared.
  var compared: Int { approximate.count { !$0.isNaN } }

  private func norm(_ value: (_ approximate: Double, _ exact: Double) -> Double) -> Double {
    zip(approximate, exact).reduce(0) { sum, pair in
      let part = pair.0.isNaN ? 0 : value(pair.0, pair.1)
      return sum + part * part
    }.squareRoot()
  }

  var approximateNorm: Double { norm { approximate, _ in approximate } }
  var exactNorm: Double { norm { _, exact in exact } }
  /// ‖approx − exact‖₂.
  var distance: Double { norm { $0 - $1 } }

  /// ‖approx − exact‖₂ / (‖approx‖₂ + ‖exact‖₂), with 0/0 = 0.
  var ratio: Double {
    let sum = approximateNorm + exactNorm
    return sum == 0 ? 0 : distance / sum
  }

  /// Whether the ratio is a number within the tolerance.
  var agrees: Bool { ratio <= GradientCheck.tolerance }

  /// Richardson's extrapolation (4 q(ε) − q(2ε))/3, which has no error of order ε²; q(ε) where q(2ε) is left out.
  ///
  /// - Parameters:
  ///   - doubled: the quotients with 2ε.
  func extrapolated(_ doubled: [Double]) -> GradientComparison {
    GradientComparison(
      approximate: zip(approximate, doubled).map { $1.isNaN ? $0 : (4 * $0 - $1) / 3 }, exact: exact)
  }

  /// The standard deviation of quotients of nearly the same ε, which differ by rounding alone, as a norm over the
  /// parameters.
  ///
  /// - Parameters:
  ///   - repeated: for each of the other ε, the quotients of all parameters.
  func spread(_ repeated: [[Double]]) -> Double {
    approximate.indices.reduce(0) { sum, k in
      let values = ([approximate] + repeated).map { $0[k] }.filter { !$0.isNaN }
      guard values.count > 1 else { return sum }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return sum + squares / Double(values.count - 1)
    }.squareRoot()
  }
}
