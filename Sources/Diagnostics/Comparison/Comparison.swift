public import Configurations
internal import Datasets
internal import Kernels
public import MPI
private import Networks
public import Optimizers
internal import Ranks
internal import Runs
internal import Training

/// A comparison of optimizers: from the same initial weights, on the same minibatches, for several seeds.
public struct Comparison: Sendable {
  /// The quantity that is equal for all runs.
  public enum Budget: String, CaseIterable, Sendable {
    /// The configuration's epochs.
    case epochs
    /// The time that SGD needs for the configuration's epochs.
    case time
  }

  public let configuration: Configuration
  public let optimizers: [OptimizerConfiguration.Name]
  public let seeds: [Int]
  public let budget: Budget

  /// - Throws: ``ConfigurationError`` for an optimizer that does not fit the configuration's other settings.
  public init(
    _ configuration: Configuration, optimizers: [OptimizerConfiguration.Name], seeds: [Int], budget: Budget
  ) throws(ConfigurationError) {
    precondition(!optimizers.isEmpty && !seeds.isEmpty, "a comparison needs optimizers and seeds")
    (self.configuration, self.optimizers, self.seeds, self.budget) = (configuration, optimizers, seeds, budget)
    try checkCandidates()
  }

  /// The number of runs.
  public var runs: Int { seeds.count * optimizers.reduce(0) { $0 + candidates($1).count } }

  /// Trains every setting with every seed, one after another, each on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - note: called on every rank, before the first run, with each reason that may keep all runs from learning.
  ///   - report: called on every rank after each run with all records so far.
  /// - Returns: the summaries, in the order of ``optimizers``; the same on every rank.
  public func run(
    on world: borrowing Communicator, describe: ErrorDescription, note: (String) -> Void,
    report: ([ComparisonRecord]) throws -> Void
  ) throws -> [ComparisonSummary] {
    try world.requireSame(configuration)
    return try world.withGroup(for: configuration) { world in
      switch configuration.training.precision {
      case .float32: try run(as: Float.self, on: world, describe: describe, note: note, report: report)
      case .float64: try run(as: Double.self, on: world, describe: describe, note: note, report: report)
      }
    }
  }

  private func run<Scalar: Real>(
    as precision: Scalar.Type, on world: RankGroup,
    describe: ErrorDescription, note: (String) -> Void, report: ([ComparisonRecord]) throws -> Void
  ) throws -> [ComparisonSummary] {
    try world.agree(describe: describe) { try configuration.prepareProducts() }
    var records: [ComparisonRecord] = []
    var stepTimes: [OptimizerConfiguration.Name: Double] = [:]
    for seed in seeds {
      // The seed also draws the validation set.
      let (problem, doubts) = try world.agree(describe: describe) { () throws -> (LearningProblem, [String]) in
        var seeded = configuration
        seeded.training.seed = seed
        let problem = try LearningProblem(seeded)
        return (problem, try problem.checkLearnable(by: seeded))
      }
      if records.isEmpty {
        doubts.forEach(note)
        try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
        for name in timed {
          stepTimes[name] = try stepTime(of: name, problem, as: precision, on: world, describe: describe)
        }
      }
      for name in optimizers {
        let plan = plan(for: name, samples: problem.split.training.count, stepTimes: stepTimes)
        for candidate in candidates(name) {
          records.append(
            try train(
              candidate, seed: seed, plan: plan, problem, as: precision, on: world, describe: describe))
          try report(records)
        }
      }
    }
    let sgdTimes = records.filter { $0.optimizer == .sgd }.map(\.secondsPerStep)
    let sgdStep = sgdTimes.isEmpty ? stepTimes[.sgd] : median(sgdTimes)
    return optimizers.map { name in
      ComparisonSummary(records.filter { $0.optimizer == name }, sgdStep: sgdStep)
    }
  }

  private func train<Scalar: Real>(
    _ candidate: Candidate, seed: Int, plan: TrainingPlan, _ problem: LearningProblem, as precision: Scalar.Type,
    on world: RankGroup, describe: ErrorDescription
  ) throws -> ComparisonRecord {
    let settings = settings(candidate, seed: seed)
    return try world.withTrainingLoop(settings, problem: problem, plan: plan, as: precision, describe: describe) {
      loop in
      let outcome = try loop.run(over: world)
      // All ranks use the time of the slowest rank.
      let seconds = try world.allGather(outcome.seconds).max() ?? outcome.seconds
      // The step at which a run diverged is counted, but its time is not included.
      let timedSteps = outcome.divergedAtStep == nil ? outcome.steps : outcome.steps - 1
      var record = ComparisonRecord(
        optimizer: candidate.optimizer.name, learningRate: candidate.learningRate, schedule: candidate.schedule.name,
        seed: seed, epochs: Double(outcome.steps) / Double(plan.stepsPerEpoch), steps: outcome.steps,
        ranks: world.ranks,
        seconds: seconds, secondsPerStep: seconds / Double(max(1, timedSteps)))
      guard outcome.divergedAtStep == nil else { return record }
      func evaluate(_ subset: Subset) throws -> Evaluation { try loop.evaluate(subset, over: world) }
      let (training, test) = (try evaluate(problem.split.training), try evaluate(problem.split.test))
      let validation = try problem.split.validation.map(evaluate)
      guard [training, test, validation].allSatisfy({ $0?.loss.isFinite ?? true }) else { return record }
      record.trainingLoss = training.loss
      record.validationLoss = validation?.loss
      (record.testLoss, record.testAccuracy) = (test.loss, test.accuracy)
      return record
    }
  }
}
