internal import Configurations
private import Datasets
internal import Kernels
internal import Networks
private import Optimizers
internal import Ranks
internal import Training

/// The step of a configuration on random samples, for timing.
final class TimedStep<Scalar: Real> {
  let network: Network<Scalar>
  private let step: TrainingStep<Scalar>
  private let positions: [Int32]
  let needsCurvature: Bool
  /// The number of steps from one that computes Ẅ to the next.
  let cycle: Int
  /// Whether the ranks of a machine share memory.
  let sharesMemory: Bool
  /// The number of samples in the training set.
  private let samples: Int
  private var turn = 0

  /// Whether the product kernel updated the weights in the last step.
  var movesWithSums: Bool { step.movesWithSums }

  /// - Parameters:
  ///   - draft: the draft of a training on random samples.
  ///   - keepsSums: whether to time the update separately, so that the product kernel must not update the weights.
  ///   - memory: the memory that ranks of a machine share, made for the draft; nil where every rank has everything.
  init(_ draft: TrainingDraft<Scalar>, keepsSums: Bool = false, memory: NodeMemory<Scalar>? = nil) {
    let configuration = draft.configuration
    network = memory?.network ?? draft.network
    step = TrainingStep(
      configuration, problem: draft.problem, network: network,
      parameters: memory?.parameters ?? network.initialParameters(configuration.training.initialization, seed: 1),
      capacity: draft.capacity, keepsSums: keepsSums, memory: memory)
    sharesMemory = memory != nil
    samples = draft.problem.split.training.count
    positions = (0..<2 * samples).map { [samples] in Int32($0 % samples) }
    needsCurvature = configuration.optimizer.rule.needsCurvature
    cycle = configuration.optimizer.cycle
  }

  /// The least number of cycles that have so many steps.
  func cycles(ofSteps count: Int) -> Int { (count + cycle - 1) / cycle }

  /// Takes the steps of one cycle, from one that computes Ẅ to the next.
  ///
  /// - Parameter samples: the size of the global minibatch.
  /// - Returns: the mean seconds of a step up to the reduced statistics, and of the update.
  func take(samples: Int, over ranks: some GlobalSum) throws -> (statistics: Double, update: Double) {
    let (clock, positions) = (ContinuousClock(), positions)
    var (statistics, update) = (0.0, 0.0)
    for _ in 0..<cycle {
      let first = turn * samples % self.samples
      turn = (turn + 1) % self.samples
      let own = ranks.shard(first..<first + samples)
      statistics +=
        try clock.measure {
          _ = try step.computeStatistics(positions.span.extracting(own), samples: samples, epoch: 1, over: ranks)
        } / .seconds(1)
      update += try clock.measure { try step.update(factor: 1, over: ranks) } / .seconds(1)
    }
    return (statistics / Double(cycle), update / Double(cycle))
  }
}

extension TrainingDraft {
  /// The draft of a training on random samples in the shape of a configuration's data.
  ///
  /// - Parameters:
  ///   - batch: the size of the global minibatch.
  ///   - ranks: the number of ranks that share it.
  /// - Throws: `NetworkError`, ``ConfigurationError`` where the network does not fit the data.
  init(randomFor configuration: Configuration, batch: Int, ranks: Int) throws {
    // Whole batches, and enough of them that a step does not find its samples in a cache.
    let samples = (512 + batch - 1) / batch * batch
    let problem = try LearningProblem(randomFor: configuration, samples: samples)
    let plan = TrainingPlan(samples: samples, batch: batch, lastBatch: .spread, steps: 1)
    try self.init(configuration, problem: problem, plan: plan, ranks: ranks)
  }
}
