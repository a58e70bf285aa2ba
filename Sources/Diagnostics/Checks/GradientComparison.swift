internal import Kernels
internal import Networks
private import Optimizers

/// Difference quotients of some parameters of a block, and their derivatives.
struct GradientComparison {
  /// The quotients, NaN for parameters that are left out, and the derivatives.
  let approximate: [Double]
  let exact: [Double]

  init(approximate: [Double], exact: [Double]) {
    precondition(approximate.count == exact.count, "every quotient needs its derivative")
    (self.approximate, self.exact) = (approximate, exact)
  }

  /// The number of parameters that are compared.
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

  /// The spread of quotients with nearly the same ε, which differ only by rounding: the norm over the parameters of
  /// their standard deviations.
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

/// (M22) Difference quotients of J for one parameter at a time.
///
/// The losses of each sample are subtracted before they are added up over the samples, so that a quotient has the
/// rounding of single losses and not of their sum; R is subtracted for the one parameter that moves.
struct CentralDifference {
  private let objective: Objective
  private let above: Vector<Double>
  private let below: Vector<Double>

  init(_ objective: Objective) {
    self.objective = objective
    above = Arena<Double>(count: objective.samples).all
    below = Arena<Double>(count: objective.samples).all
  }

  /// (J(θ + ε) − J(θ − ε)) / 2ε for one parameter, which is restored from a copy.
  ///
  /// The denominator is the distance of the two rounded points.
  ///
  /// - Returns: nil where a kink lies between the two points; where J is not finite at one of them, a number that
  ///   agrees with no derivative.
  /// - Complexity: two forward passes.
  func quotient(_ parameter: Int, _ role: ParameterShape.Role, step: Double) -> Double? {
    let w = objective.parameters.all
    let kept = w[parameter]
    defer { w[parameter] = kept }
    let (top, bottom) = (kept + step, kept - step)
    if objective.regularization.hasKink(role), bottom <= 0, top >= 0 { return nil }
    w[parameter] = top
    let sidesAbove = objective.evaluate(into: above)
    w[parameter] = bottom
    let sidesBelow = objective.evaluate(into: below)
    guard sidesAbove == sidesBelow else { return nil }
    var difference = 0.0
    for sample in 0..<above.count { difference += above[sample] - below[sample] }
    let regularization = objective.regularization
    let quotient =
      (difference / Double(above.count) + regularization.value(of: top, role)
        - regularization.value(of: bottom, role)) / (top - bottom)
    return quotient.isFinite ? quotient : 1e100
  }
}
