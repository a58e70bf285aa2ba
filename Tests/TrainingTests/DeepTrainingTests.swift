import Configurations
import Kernels
import Networks
import TestSupport
import Testing
import Training

/// (M32) Networks in which u and Z leave the range of float32 train on.
@Suite(.serialized) struct DeepTrainingTests {
  static let optimizers = [
    "optimizer.name=residualPartitioning", "optimizer.learningRate=30",
    "optimizer={learningRate: 1e-3, layerScale: unit}", "optimizer.trustRatio=on", "optimizer.partition=weight",
    "optimizer={partition: unit, learningRate: 1e-3}", "optimizer.lengths=found",
  ]
  /// Steps of a length of their own. To the minimum of a bound of 2^300 they are too short to be seen.
  static let scaled = Set(optimizers).subtracting(["optimizer.learningRate=30", "optimizer.trustRatio=on"])

  private func check(width: Int, depth: Int, _ activation: Activation, _ settings: String...) throws {
    let network = "network=[" + String(repeating: "{dense: \(width)}, \(activation.rawValue), ", count: depth)
    let configuration = try ConfigurationSource(
      preset: .standard, settings: [network + "{dense: 10}]", "training={batch: 100, epochs: 1}"] + settings
    ).configuration()
    let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
    let before = loop.step.parameters.all.array
    _ = try loop.run(over: SingleRank(), between: { $0.steps == 1 })
    #expect(loop.step.network.curvatureExponents.contains { $0 != 0 })
    let outcome = try loop.run(over: SingleRank())
    #expect(outcome.divergence == nil && outcome.steps == 15, "\(activation.rawValue) \(settings)")
    let after = loop.step.parameters.all.array
    #expect(after.allSatisfy { $0.isFinite })
    #expect(after != before || !Self.scaled.contains(settings[0]))
  }

  @Test(arguments: Activation.allCases, optimizers)
  func `200 layers train without an overflow`(activation: Activation, optimizer: String) throws {
    try check(width: 32, depth: 200, activation, optimizer)
  }

  @Test(arguments: ["optimizer.name=residualPartitioning", "optimizer.partition=weight"])
  func `so do wide ones with larger weights, and both bounds`(optimizer: String) throws {
    for activation in [Activation.tanh, .relu] {
      try check(
        width: 128, depth: 30, activation, optimizer, "optimizer.bound=full", "training.initialization=he")
    }
  }
}
