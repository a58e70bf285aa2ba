private import Foundation

/// Which values a weight may have, and the variable θ that is learned in its place.
public enum WeightConstraint: String, Codable, CaseIterable, Sendable {
  /// a = θ.
  case none
  /// a = θ, put back to 0 where it falls below.
  case nonnegative
  /// a = θ, kept in [0, 1].
  case unit
  /// a = σ(θ) = 1/(1 + e^(−θ)).
  case sigmoid

  /// θ before the first update: all weights 1, or ½ for `sigmoid`.
  var initialVariable: Double { self == .sigmoid ? 0 : 1 }

  /// a for a value of θ.
  func weight(_ theta: Double) -> Double { self == .sigmoid ? 1 / (1 + exp(-theta)) : theta }

  /// da/dθ at a weight.
  func slope(at weight: Double) -> Double { self == .sigmoid ? weight * (1 - weight) : 1 }

  /// θ after an update, moved to where its weight is allowed.
  func project(_ theta: Double) -> Double {
    switch self {
    case .none, .sigmoid: theta
    case .nonnegative: max(0, theta)
    case .unit: min(1, max(0, theta))
    }
  }
}

/// What the weights of a minibatch are divided by for its step.
public enum WeightNormalisation: String, Codable, CaseIterable, Sendable {
  /// Nothing: the step is along (1/S) Σ a_i ∇ℓ_i.
  case none
  /// Their mean: the step is along Σ a_i ∇ℓ_i / Σ a_i, as long as one without weights. The derivative of the division is
  /// part of the hypergradient.
  case minibatch
}

/// What the derivatives by the weights are divided by, so that a rate means the same in every problem.
public enum WeightScale: String, Codable, CaseIterable, Sendable {
  /// Nothing.
  case none
  /// Their root mean square in the minibatch.
  case minibatch
  /// Their root mean square in all updates so far. As the weights settle their derivatives become small, and are not
  /// blown up again.
  case running
}

/// How derivatives become updates of the weights: (M17), with averages for each weight by itself.
public enum WeightOptimizer: String, Codable, CaseIterable, Sendable {
  case sgd, momentum, rmsprop, adam
}
