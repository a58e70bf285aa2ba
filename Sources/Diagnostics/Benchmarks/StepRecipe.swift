private import Optimizers

/// A way of training whose step `rp-dist bench step` times.
public struct StepRecipe: Sendable {
  public let rawValue: String
  /// What makes the optimizer of a preset this one. No step moves the weights far: times of steps whose loss is not
  /// finite would mean nothing.
  let settings: [String]

  private init(_ name: String, _ settings: [String]) { (rawValue, self.settings) = (name, settings) }

  /// An optimizer by its name.
  private init(optimizer name: String) {
    self.init(name, ["optimizer.name=\(name)", "optimizer.learningRate=1e-6"])
  }

  /// (M11) with λ = 1: no averages, no layer scale.
  static let paper = StepRecipe("rp-paper", ["optimizer.learningRate=1"])
  /// Residual partitioning that finds the lengths of its steps.
  static let standard = StepRecipe("rp-standard", ["optimizer.learningRate=auto"])
  /// ``paper`` with Ẅ in every fourth step; times are means over four steps.
  static let everyFourth = StepRecipe("rp-every-4", ["optimizer.learningRate=1", "optimizer.curvatureEvery=4"])
}

extension StepRecipe: RawRepresentable, CaseIterable {
  /// Those that are timed where none is named.
  public static let allCases = [
    paper, standard, everyFourth, StepRecipe(optimizer: SGD.name), StepRecipe(optimizer: Adam.name),
  ]

  /// One of ``allCases``, or another optimizer with a learning rate by its name; nil for any other name.
  public init?(rawValue: String) {
    if let recipe = Self.allCases.first(where: { $0.rawValue == rawValue }) {
      self = recipe
    } else if let kind = OptimizerKind(rawValue: rawValue), !kind.findsLearningRate {
      self.init(optimizer: rawValue)
    } else {
      return nil
    }
  }
}
