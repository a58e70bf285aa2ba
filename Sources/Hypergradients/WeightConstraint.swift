private import Foundation

/// The allowed values of the weight a of an example, and the variable θ that is learned in its place.
///
/// (M24) `θ ← θ − η da/dθ ∂L/∂a`, with da/dθ from ``slope(at:)``; then θ is projected to the nearest value whose weight
/// is allowed. For all constraints except `sigmoid`, θ is a itself.
public enum WeightConstraint: String, Codable, CaseIterable, Sendable {
  /// a = θ, any number.
  case none
  /// a = θ ≥ 0.
  case nonnegative
  /// a = θ, 0 ≤ a ≤ 1.
  case unit
  /// a = σ(θ) = 1/(1 + e^(−θ)), 0 < a < 1.
  case sigmoid

  /// θ before the first update: all weights are 1, or ½ for `sigmoid`, which cannot reach 1.
  public var initialVariable: Double { self == .sigmoid ? 0 : 1 }

  /// a for a value of θ.
  public func weight(_ theta: Double) -> Double { self == .sigmoid ? 1 / (1 + exp(-theta)) : theta }

  /// θ of a weight from 0 to 1; `sigmoid` uses the nearest weight from 0.01 to 0.99, which can still change.
  public func variable(_ weight: Double) -> Double {
    guard self == .sigmoid else { return weight }
    let a = min(0.99, max(0.01, weight))
    return log(a / (1 - a))
  }

  /// da/dθ at a weight: a(1 − a) for `sigmoid`, 1 for the others.
  public func slope(at weight: Double) -> Double { self == .sigmoid ? weight * (1 - weight) : 1 }

  /// The value nearest to θ whose weight is allowed.
  ///
  /// - Parameter floor: the least weight of `nonnegative` and `unit`, from 0 to below 1.
  public func project(_ theta: Double, floor: Double = 0) -> Double {
    switch self {
    case .none, .sigmoid: theta
    case .nonnegative: max(floor, theta)
    case .unit: min(1, max(floor, theta))
    }
  }
}
