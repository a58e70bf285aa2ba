private import Optimizers

/// A way of training whose step `rp-dist bench step` times.
public struct StepRecipe: Sendable {
  public let rawValue: String
  /// The settings that turn a preset's optimizer into this one. No step moves the weights far: if a loss were not
  /// finite, the times of its steps would be meaningless.
  let settings: [String]

  private init(_ name: String, _ settings: [String]) { (rawValue, self.settings) = (name, settings) }

  /// The recipe of an optimizer, by its name.
  private init(optimizer name: String) {
    self.init(name, ["optimizer.name=\(name)", "optimizer.learningRate=1e-6"])
  }

  /// (M11) with λ = 1: no averages, no layer scale.
  static let paper = StepRecipe("rp-paper", ["optimizer.learningRate=1"])
  /// Residual partitioning with its standard settings: (M31) by unit, with a refresh in every tenth step, a root in every
  /// twentieth, and a test of the lengths (M34) in every fifth; times are means over 20 steps.
  static let standard = StepRecipe("rp-standard", ["optimizer.learningRate=auto"])
  /// By weight, with lengths that are found.
  static let byWeight = StepRecipe("rp-weight", ["optimizer.learningRate=auto", "optimizer.partition=weight"])
  /// (M31) With a length that is given.
  static let byUnit = StepRecipe("rp-unit", ["optimizer.partition=unit", "optimizer.learningRate=1e-6"])
  /// ``paper`` with Ẅ in every fourth step; times are means over four steps.
  static let everyFourth = StepRecipe("rp-every-4", ["optimizer.learningRate=1", "optimizer.curvatureEvery=4"])
}

extension StepRecipe: RawRepresentable, CaseIterable {
  /// The recipes that are timed where the user names none.
  public static let allCases = [
    paper, standard, byWeight, everyFourth, StepRecipe(optimizer: SGD.name), StepRecipe(optimizer: Adam.name),
  ]

  /// Those that are timed where the user names them, besides the optimizers.
  private static let others = [byUnit]

  /// One of ``allCases``, ``byUnit``, or another optimizer with a learning rate by its name; nil for any other name.
  public init?(rawValue: String) {
    if let recipe = (Self.allCases + Self.others).first(where: { $0.rawValue == rawValue }) {
      self = recipe
    } else if let kind = OptimizerKind(rawValue: rawValue), !kind.findsLearningRate {
      self.init(optimizer: rawValue)
    } else {
      return nil
    }
  }
}
