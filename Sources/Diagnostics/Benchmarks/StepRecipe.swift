/// The ways of training whose step `rp-dist bench step` times.
public enum StepRecipe: String, CaseIterable, Sendable {
  /// (M11) with λ = 1: no averages, no layer scale.
  case paper = "rp-paper"
  /// Residual partitioning that finds the lengths of its steps.
  case standard = "rp-standard"
  /// ``paper`` with Ẅ in every fourth step; times are means over four steps.
  case everyFourth = "rp-every-4"
  case sgd, adam

  /// What makes the optimizer of a preset this one. No step moves the weights far: times of steps whose loss is not
  /// finite would mean nothing.
  var settings: [String] {
    switch self {
    case .paper: ["optimizer.learningRate=1"]
    case .standard: ["optimizer.learningRate=auto"]
    case .everyFourth: ["optimizer.learningRate=1", "optimizer.curvatureEvery=4"]
    case .sgd: ["optimizer.name=sgd", "optimizer.learningRate=1e-6"]
    case .adam: ["optimizer.name=adam", "optimizer.learningRate=1e-6"]
    }
  }
}
