import Configurations
import Datasets
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// The loop over epochs: plans, validation, early stopping, divergence.
struct TrainingLoopTests {
  private func loop(_ settings: [String], plan: TrainingPlan? = nil) throws -> TrainingLoop<Double> {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["network=[{dense: 12}, tanh, {dense: 10}]", "training.epochs=4"] + settings
    ).configuration()
    let problem = try LearningProblem(configuration)
    return try TrainingLoop(configuration, problem: problem, plan: plan, ranks: 1)
  }

  @Test func `a plan of steps ends within an epoch`() throws {
    let plan = TrainingPlan(samples: 1438, batch: 100, lastBatch: .spread, steps: 20)
    let loop = try loop([], plan: plan)
    var epochs: [Int] = []
    let outcome = try loop.run(over: SingleRank()) { progress in
      #expect(progress.steps == 20)
      #expect(progress.endsEpoch == (progress.step == 15 || progress.step == 20))
    } afterEpoch: { report in
      epochs.append(report.epoch)
    }
    #expect(outcome.steps == 20)
    #expect(epochs == [1, 2])
  }

  @Test(arguments: OptimizerKind.allCases.map(\.rawValue))
  func `every optimizer lowers the loss of the digits`(name: String) throws {
    let loop = try loop(["optimizer.name=\(name)"])
    var losses: [Double] = []
    _ = try loop.run(over: SingleRank(), afterEpoch: { losses.append($0.trainingLoss) })
    try #require(losses.count == 4)
    #expect(losses[3] < losses[0])
  }

  @Test func `the schedule scales the rate, step by step`() throws {
    let loop = try loop(["optimizer={name: sgd, learningRate: 0.5}", "schedule={name: linear, warmup: 3}"])
    var rates: [Double] = []
    _ = try loop.run(over: SingleRank(), afterStep: { _ in rates.append(loop.step.learningRate) })
    try #require(rates.count == 60)
    for (step, rate) in rates.enumerated() {
      let expected = 0.5 * (1 - Double(step) / 60) * (step < 3 ? Double(step + 1) / 3 : 1)
      #expect(abs(rate - expected) <= 1e-15)
    }
  }

  @Test func `early stopping ends after patience epochs without a new least validation loss and restores the best`()
    throws
  {
    // A rate that does not let SGD settle.
    let loop = try loop([
      "optimizer={name: sgd, learningRate: 3}", "schedule.name=constant", "data.validation=300", "training.epochs=50",
      "training.stopEarly={patience: 2}",
    ])
    var losses: [Double] = []
    var parameters: [[Double]] = []
    let outcome = try loop.run(
      over: SingleRank(),
      afterEpoch: { report in
        losses.append(try #require(report.validation).loss)
        parameters.append(loop.step.parameters.all.array)
      })
    let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
    #expect(losses.count < 50)
    #expect(losses.count == best + 3)
    #expect(outcome.bestEpoch == best + 1)
    #expect(loop.step.parameters.all.array == parameters[best])
    #expect(loop.step.parameters.all.array != parameters[losses.count - 1])
  }

  @Test func `a loss that is not finite ends the loop with the last good parameters`() throws {
    let loop = try loop([
      "optimizer={name: sgd, learningRate: 1e300}", "training.precision=float64",
      "network=[{dense: 12}, softplus, {dense: 10}]",
    ])
    let outcome = try loop.run(over: SingleRank())
    #expect(outcome.divergedAtStep == outcome.steps)
    #expect(outcome.steps < 60)
    #expect(loop.step.parameters.all.array.allSatisfy { $0.isFinite })
  }

  @Test(arguments: [1, 4]) func `Ẅ is computed every k steps, and the steps between use the last`(k: Int) throws {
    // Without smoothing the second step of k = 1 has another Ẅ; with k = 4 it has the first one's.
    let settings = ["optimizer.learningRate=10"] + ["optimizer.curvatureEvery=\(k)"]
    let loop = try loop(settings, plan: TrainingPlan(samples: 1438, batch: 100, lastBatch: .spread, steps: 2))
    _ = try loop.run(over: SingleRank())
    let every = try self.loop(
      ["optimizer.learningRate=10"], plan: TrainingPlan(samples: 1438, batch: 100, lastBatch: .spread, steps: 2))
    _ = try every.run(over: SingleRank())
    #expect((loop.step.parameters.all.array == every.step.parameters.all.array) == (k == 1))
  }
}
