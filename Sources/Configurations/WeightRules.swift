package import Optimizers

/// What the weights of a minibatch are divided by for its step.
public enum WeightNormalisation: String, Codable, CaseIterable, Sendable {
  /// Nothing: the step is along (1/S) Σ a_i ∇ℓ_i.
  case none
  /// Their mean: the step is along Σ a_i ∇ℓ_i / Σ a_i, as long as one without weights. The derivative of the division is
  /// part of the hypergradient.
  case minibatch
}

/// What is subtracted from the derivatives by the weights.
public enum WeightCentring: String, Codable, CaseIterable, Sendable {
  /// Nothing but what normalisation asks for.
  case none
  /// Their weighted mean over the recent examples of the same label, with a decay of 0.8 an update: what a label as such is
  /// worth at the moment does not count, only which of its examples are. With weights that are divided by the sum of those
  /// of their own label it would be the derivative.
  case label
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

/// How derivatives become updates of the weights: (M17) with standard settings, and averages for each weight by itself.
public struct WeightOptimizer: Sendable {
  public static let sgd = WeightOptimizer(SGD.standard)

  package let rule: any NumberOptimizer

  init(_ rule: any NumberOptimizer) { self.rule = rule }
}

extension WeightOptimizer: RawRepresentable, Codable, CaseIterable, Equatable {
  /// The optimizers that move single numbers.
  public static let allCases = OptimizerKind.allCases.compactMap { kind in
    (kind.type as? any NumberOptimizer.Type).map { WeightOptimizer($0.standard) }
  }

  public var rawValue: String { type(of: rule).name }

  /// nil for a name that none has.
  public init?(rawValue: String) {
    guard let optimizer = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = optimizer
  }

  public static func == (a: WeightOptimizer, b: WeightOptimizer) -> Bool { a.rawValue == b.rawValue }
}
