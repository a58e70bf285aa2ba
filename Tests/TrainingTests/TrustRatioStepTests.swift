import Configurations
import Datasets
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// (M15) inside the distributed step: what is judged, and what a verdict does to λ and to the parameters.
struct TrustRatioStepTests {
  /// A step of a small network on the digits, in Double.
  private func step(_ settings: [String]) throws -> TrainingStep<Double> {
    let configuration = try ConfigurationSource(
      preset: .standard,
      settings: ["network=[{dense: 6}, tanh, {dense: 10}]", "optimizer.trustRatio={every: 2}"] + settings
    ).configuration()
    let problem = try LearningProblem(configuration)
    let network = try Network<Double>(configuration.network, inputs: problem.features)
    return TrainingStep(
      configuration, problem: problem, network: network, parameters: network.initialParameters(.uniform, seed: 1),
      capacity: 20)
  }

  private func take(_ step: TrainingStep<Double>, turn: Int = 0) throws -> Double {
    let positions = (0..<20).map { Int32(20 * turn + $0) }
    let loss = try step.computeStatistics(positions.span, samples: 20, epoch: 1, over: SingleRank())
    try step.update(factor: 1, over: SingleRank())
    return loss
  }

  @Test func `by unit its lengths do not run away when the loss is low`() throws {
    for seed in [1, 2] {
      let configuration = try ConfigurationSource(
        preset: .standard, settings: ["optimizer={partition: unit, trustRatio: on}", "training.seed=\(seed)"]
      ).configuration()
      let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
      var losses: [Double] = []
      _ = try loop.run(over: SingleRank(), afterEpoch: { losses.append($0.trainingLoss) })
      #expect(losses.count == 40 && losses[20...].allSatisfy { $0 < 0.05 }, "\(losses)")
    }
  }

  @Test func `a step far beyond the minimum is undone and halves the rate, every second step`() throws {
    let step = try step(["optimizer.learningRate=1e6", "optimizer.momentum=0"])
    let before = step.parameters.all.array
    let loss = try take(step)
    #expect(step.parameters.all.array == before)
    #expect(step.learningRate == 1e6)
    // Not judged: it moves, at half the rate.
    #expect(try take(step) == loss)
    #expect(step.learningRate == 5e5)
    #expect(step.parameters.all.array != before)
  }

  @Test func `a step much shorter than to the minimum is kept and lets the rate grow by a tenth`() throws {
    let step = try step(["optimizer.learningRate=0.01"])
    let first = try take(step)
    #expect(try take(step) < first)
    #expect(step.learningRate == 0.01 * 1.1)
    _ = try take(step)
    _ = try take(step)
    #expect(abs(step.learningRate - 0.01 * 1.1 * 1.1) <= 1e-15)
  }

  @Test func `the regulariser is part of the actual and of the predicted decrease`() throws {
    // Its ratio is nearly 1 for a small step, whatever the strength; without R on either side it would be far from it.
    for strength in ["regularization.l2=100", "regularization.l1=100"] {
      let step = try step(["optimizer.learningRate=1e-6", strength])
      _ = try take(step)
      _ = try take(step)
      #expect(step.learningRate == 1e-6 * 1.1, "\(strength)")
    }
  }
}
