internal import Kernels
internal import Optimizers

extension Configuration {
  /// - Throws: ``ConfigurationError`` where Ẅ is to travel as bfloat16, but there is none, or it has more bits than Float.
  func checkCurvaturePrecision() throws(ConfigurationError) {
    guard reduction.curvaturePrecision == .bfloat16 else { return }
    let users = OptimizerKind.allCases.filter(\.needsCurvature).map(\.rawValue).joined(separator: " or ")
    try require(
      optimizer.rule.needsCurvature,
      "reduction.curvaturePrecision is bfloat16, but optimizer.name \(optimizer.name.rawValue) has no curvature; use "
        + "\(users), or leave it out")
    try require(
      training.precision == .float32,
      "reduction.curvaturePrecision is bfloat16, but training.precision is \(training.precision.rawValue); make that "
        + "float32, or leave the other out")
  }
}
