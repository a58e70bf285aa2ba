import Kernels
import Networks
import Optimizers

/// One step of residual partitioning (M11) on a dense layer with hand-made statistics.
///
/// The last parameter is the bias, the others are the weights of one output.
struct OneStep {
  var parameters: [Double]
  /// Sums over the samples.
  var wDot: [Double]
  var wDDot: [Double]
  var samples = 1
  var learningRate = 1.0
  var damping = 0.0
  var regularization = Regularization()

  /// The parameters after the step.
  func result(in precision: Precision) throws -> [Double] {
    let steps = SeveralSteps(
      rule: ResidualPartitioning(damping: damping), rate: learningRate, parameters: parameters,
      sums: [(wDot, wDDot)], samples: samples, regularization: regularization)
    return try steps.trajectory(in: precision)[0]
  }

  /// Δw in Double.
  func step() throws -> [Double] {
    zip(try result(in: .float64), parameters).map { $0 - $1 }
  }
}
