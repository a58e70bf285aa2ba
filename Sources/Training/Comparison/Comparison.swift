private import BLAS
internal import Datasets
internal import Kernels
public import MPI
private import Networks
internal import Optimizers

/// Optimizers side by side: from the same initial weights, on the same minibatches, for several seeds.
public struct Comparison: Sendable {
  /// What is equal for all runs.
  public enum Budget: String, CaseIterable, Sendable {
    /// The configuration's epochs.
    case epochs
    /// The time that SGD takes for the configuration's epochs.
    case time
  }

  /// One way to train.
  struct Candidate: Equatable {
    var optimizer: OptimizerConfiguration
    var schedule: ScheduleConfiguration
    /// What the record says: nil where the optimizer finds its learning rate by itself.
    var learningRate: Double?
  }

  public let configuration: Configuration
  public let optimizers: [OptimizerConfiguration.Name]
  public let seeds: [Int]
  public let budget: Budget

  public init(
    _ configuration: Configuration, optimizers: [OptimizerConfiguration.Name], seeds: [Int], budget: Budget
  ) {
    precondition(!optimizers.isEmpty && !seeds.isEmpty, "a comparison needs optimizers and seeds")
    (self.configuration, self.optimizers, self.seeds, self.budget) = (configuration, optimizers, seeds, budget)
  }

  /// The number of runs.
  public var runs: Int { seeds.count * optimizers.reduce(0) { $0 + candidates($1).count } }

  /// Trains every setting with every seed, one after another, each on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - describe: an error's message and exit code.
  ///   - report: called on every rank after each run with all records so far.
  /// - Returns: the summaries, in the order of ``optimizers``; the same on every rank.
  public func run(
    on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32),
    report: ([ComparisonRecord]) throws -> Void
  ) throws -> [ComparisonSummary] {
    switch configuration.training.precision {
    case .float32: try run(as: Float.self, on: world, describe: describe, report: report)
    case .float64: try run(as: Double.self, on: world, describe: describe, report: report)
    }
  }

  private func run<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32), report: ([ComparisonRecord]) throws -> Void
  ) throws -> [ComparisonSummary] {
    BLASLibrary.setThreads(configuration.training.blasThreads)
    try world.requireSame(configuration)
    var records: [ComparisonRecord] = []
    var stepTimes: [OptimizerConfiguration.Name: Double] = [:]
    for seed in seeds {
      // The validation set is drawn by the seed.
      let problem = try world.agree(describe: describe) { () throws -> LearningProblem in
        var seeded = configuration
        seeded.training.seed = seed
        return try LearningProblem(seeded)
      }
      if records.isEmpty {
        try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
        for name in Set(optimizers + [.sgd]).sorted(by: { $0.rawValue < $1.rawValue }) {
          let settings = settings(candidates(name)[0], seed: seed)
          stepTimes[name] = try stepTime(settings, problem, as: precision, on: world, describe: describe)
        }
      }
      for name in optimizers {
        let plan = plan(problem.split, step: stepTimes[name] ?? 1, sgdStep: stepTimes[.sgd] ?? 1)
        for candidate in candidates(name) {
          records.append(
            try train(
              candidate, seed: seed, plan: plan, problem, as: precision, on: world, describe: describe))
          try report(records)
        }
      }
    }
    let sgdRecords = records.filter { $0.optimizer == .sgd }
    let sgdStep = sgdRecords.isEmpty ? stepTimes[.sgd] ?? 1 : median(sgdRecords.map(\.secondsPerStep))
    return optimizers.map { name in
      ComparisonSummary(records.filter { $0.optimizer == name }, sgdStep: sgdStep)
    }
  }

  /// The settings that are tried for an optimizer: every learning rate of its grid with every schedule. Residual
  /// partitioning without a grid of its own is tried as it is configured.
  func candidates(_ name: OptimizerConfiguration.Name) -> [Candidate] {
    let isConfigured = configuration.optimizer.name == name
    let optimizer = isConfigured ? configuration.optimizer : OptimizerConfiguration(name)
    guard let rates = configuration.compare.learningRates[name] ?? name.standardGrid else {
      let schedule = isConfigured ? configuration.schedule : ScheduleConfiguration(standardFor: optimizer)
      return [
        Candidate(
          optimizer: optimizer, schedule: schedule,
          learningRate: optimizer.findsLearningRate ? nil : optimizer.learningRate)
      ]
    }
    return configuration.compare.schedules.flatMap { schedule in
      rates.map { rate in
        var candidate = Candidate(optimizer: optimizer, schedule: configuration.schedule, learningRate: rate)
        candidate.optimizer.learningRate = rate
        candidate.schedule.name = schedule
        return candidate
      }
    }
  }

  private func settings(_ candidate: Candidate, seed: Int) -> Configuration {
    var settings = configuration
    (settings.optimizer, settings.schedule) = (candidate.optimizer, candidate.schedule)
    settings.training.seed = seed
    return settings
  }

  private func plan(_ split: DataSplit, step: Double, sgdStep: Double) -> TrainingPlan {
    let training = configuration.training
    let whole = TrainingPlan(samples: split.training.count, batch: training.batch, epochs: training.epochs)
    guard budget == .time else { return whole }
    let steps = max(1, Int((Double(whole.steps) * sgdStep / step).rounded()))
    return TrainingPlan(samples: whole.samples, batch: whole.batch, steps: steps)
  }

  private func train<Scalar: Real>(
    _ candidate: Candidate, seed: Int, plan: TrainingPlan, _ problem: LearningProblem, as precision: Scalar.Type,
    on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32)
  ) throws -> ComparisonRecord {
    let settings = settings(candidate, seed: seed)
    let loop = try world.agree(describe: describe) {
      try TrainingLoop<Scalar>(settings, problem: problem, plan: plan, ranks: world.ranks)
    }
    let outcome = try loop.run(over: world)
    // The slowest rank's clock is everybody's.
    let seconds = try world.allGather(outcome.seconds).max() ?? outcome.seconds
    var record = ComparisonRecord(
      optimizer: candidate.optimizer.name, learningRate: candidate.learningRate, schedule: candidate.schedule.name,
      seed: seed, epochs: Double(outcome.steps) / Double(plan.stepsPerEpoch), steps: outcome.steps, ranks: world.ranks,
      seconds: seconds, secondsPerStep: seconds / Double(outcome.steps))
    guard outcome.divergedAtStep == nil else { return record }
    func evaluate(_ subset: Subset) throws -> Evaluation {
      try problem.evaluate(loop.step.network, loop.step.parameters, settings.loss, on: subset, over: world)
    }
    let (training, test) = (try evaluate(problem.split.training), try evaluate(problem.split.test))
    guard training.loss.isFinite, test.loss.isFinite else { return record }
    let validation = try problem.split.validation.map(evaluate)
    record.trainingLoss = training.loss
    record.validationLoss = validation?.loss
    (record.testLoss, record.testAccuracy) = (test.loss, test.accuracy)
    return record
  }

  /// The seconds of a step, for the time budget, and for SGD's step where SGD is not compared: the median over groups of
  /// steps, each long enough to hold what an optimizer does every few steps.
  private func stepTime<Scalar: Real>(
    _ settings: Configuration, _ problem: LearningProblem, as precision: Scalar.Type, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32)
  ) throws -> Double {
    let (groups, steps) = (7, 10)
    let loop = try world.agree(describe: describe) {
      try TrainingLoop<Scalar>(
        settings, problem: problem,
        plan: TrainingPlan(
          samples: problem.split.training.count, batch: settings.training.batch, steps: groups * steps),
        ranks: world.ranks)
    }
    var ends: [Double] = []
    _ = try loop.run(over: world) { progress in
      if progress.step % steps == 0 { ends.append(progress.seconds) }
    }
    // The first group touches memory for the first time. A run that diverges at once has no second one.
    let times = zip(ends.dropFirst(), ends).map { ($0 - $1) / Double(steps) }
    return try world.allGather(times.isEmpty ? 1 : median(times)).max() ?? 1
  }
}

extension OptimizerConfiguration.Name {
  /// The learning rates that are tried where the configuration names none; nil where there is none to choose.
  var standardGrid: [Double]? {
    switch self {
    case .sgd, .momentum: [0.003, 0.01, 0.03, 0.1, 0.3]
    case .rmsprop, .adam: [0.0003, 0.001, 0.003, 0.01]
    case .residualPartitioning: nil
    }
  }
}
