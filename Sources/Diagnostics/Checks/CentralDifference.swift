internal import Kernels
internal import Networks
private import Optimizers

/// (M22) Difference quotients of J in one parameter at a time.
///
/// The losses of each sample are subtracted before they are added up over the samples, so that the rounding of a quotient
/// is that of single losses and not of their sum; R is subtracted for the one parameter that moves.
struct CentralDifference {
  private let objective: Objective
  private let above: Vector<Double>
  private let below: Vector<Double>

  init(_ objective: Objective) {
    self.objective = objective
    above = Arena<Double>(count: objective.samples).all
    below = Arena<Double>(count: objective.samples).all
  }

  /// (J(θ + ε) − J(θ − ε)) / 2ε for one parameter, which is put back from a copy.
  ///
  /// The denominator is the distance of the two points as they were rounded.
  ///
  /// - Returns: nil where a kink lies between the two points; where J is not finite at one of them, a number
  ///   that agrees with no derivative.
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
