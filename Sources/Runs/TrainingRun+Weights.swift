internal import Configurations
internal import Datasets
internal import Hypergradients
package import Kernels
internal import MPI
internal import Networks
internal import Ranks
package import Reweighting
internal import RunRecords
package import Training

/// The additional work of a run with learned weights.
extension TrainingRun {
  /// The problem whose samples have weights, and the learner of the weights, after a check of the memory that they
  /// need. Collective.
  func weighted<Scalar: Real>(
    _ problem: LearningProblem, on world: RankGroup, describe: ErrorDescription
  ) throws -> (problem: LearningProblem, learning: WeightLearning<Scalar>?) {
    let draft: TrainingDraft<Scalar> = try world.agree(describe: describe) {
      try self.draft(problem, ranks: world.ranks)
    }
    try world.communicator.requireMemory(for: draft)
    return try world.agree(describe: describe) { try weighted(problem, ranks: world.ranks) }
  }

  /// The problem whose samples have weights, and the learner of the weights. With three levels the problem is without
  /// the samples whose labels are hidden.
  package func weighted<Scalar: Real>(
    _ problem: LearningProblem, ranks: Int
  ) throws -> (problem: LearningProblem, learning: WeightLearning<Scalar>) {
    let (labelled, unlabelled) = try configuration.hidingLabels(of: problem)
    try checkCleanPlan(of: labelled, as: Scalar.self)
    return (
      labelled,
      try WeightLearning(
        configuration, problem: labelled, unlabelled: unlabelled, batch: configuration.batch(of: labelled),
        ranks: ranks)
    )
  }

  /// Refuses, before a training begins, a comparison with true labels alone that could not run after it.
  private func checkCleanPlan<Scalar: Real>(of problem: LearningProblem, as precision: Scalar.Type) throws {
    guard configuration.reweight?.compare == true, problem.split.trueTraining != nil,
      let clean = problem.split.withoutFlippedSamples
    else { return }
    let network = try Network<Scalar>(configuration.network, inputShape: problem.shape)
    do {
      try TrainingPlan(samples: clean.training.count, configuration.training).check(network)
    } catch {
      throw ConfigurationError("reweight.compare, on the samples whose labels are true: \(error)")
    }
  }

  /// A run's training before its memory is allocated, including the memory for learned weights.
  package func draft<Scalar: Real>(_ problem: LearningProblem, ranks: Int) throws -> TrainingDraft<Scalar> {
    guard learnsWeights else { return try TrainingDraft(configuration, problem: problem, ranks: ranks) }
    let (labelled, unlabelled) = try configuration.hidingLabels(of: problem)
    return try TrainingDraft(
      learningWeightsOf: configuration, problem: labelled, unlabelled: unlabelled, ranks: ranks)
  }

  /// Learns the weights of the same samples again, starting from a network's belief about their labels.
  func relearning<Scalar: Real>(
    _ problem: LearningProblem, from start: WeightStart, ranks: Int
  ) throws -> WeightLearning<Scalar> {
    try WeightLearning(
      configuration, problem: problem, unlabelled: nil, batch: configuration.batch(of: problem), ranks: ranks,
      start: start)
  }

  /// Evaluates the learned weights of a run, writes them, and compares with a training without them where the settings
  /// ask for it. Collective.
  ///
  /// - Returns: the ending, with the results.
  func evaluateWeights<Scalar: Real>(
    _ all: CycledOutcome<Scalar>, _ ending: RunEnding, _ folder: RunFolder, on world: RankGroup,
    describe: ErrorDescription, telling observer: any RunObserver
  ) throws -> RunEnding {
    var weights = try evaluateWeights(all.loop, all.learning, folder: folder, on: world, describe: describe)
    guard case .evaluated(var result) = ending else { return ending }
    if configuration.reweight?.compare == true {
      (weights.unweighted, weights.clean) = try compare(
        with: all.loop, all.learning, on: world, describe: describe, telling: observer)
    }
    weights.cycles = all.cycles
    result.reweight = weights
    return .evaluated(result)
  }

  /// - Parameter lowest: the number of examples with the least weights that the result lists.
  private func evaluateWeights<Scalar: Real>(
    _ loop: TrainingLoop<Scalar>, _ learning: WeightLearning<Scalar>?, folder: RunFolder, lowest: Int = 10,
    on world: RankGroup, describe: ErrorDescription
  ) throws -> ReweightResult {
    guard let learning else { preconditionFailure("only learned weights can be evaluated") }
    let (split, step) = (loop.problem.split, loop.step)
    let examination = try loop.problem.examine(
      step.network, step.parameters, configuration.loss, on: split.training, over: world)
    let records = WeightRecords(
      split, weights: learning.weights.values.all.array.map { Scalar($0) }, examination: examination)
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try records.write(to: folder)
    }
    let teacher = try learning.student.map { _ in
      let test = try loop.problem.evaluate(
        step.network, step.parameters, configuration.loss, on: split.test, over: world)
      return ReweightResult.Quality(test)
    }
    return ReweightResult(
      levels: learning.settings.levels, grid: learning.grid(ranks: world.ranks),
      weights: learning.weights.statistics(split), examples: split.training.count,
      flipped: split.isFlipped.map { flipped in flipped.count { $0 } }, teacher: teacher,
      lowest: records.lowest(lowest).map(ReweightResult.Example.init))
  }

  /// Trains the same network with equal weights; where the true labels are known, also with as many steps on these
  /// labels alone. Collective.
  ///
  /// - Parameter learned: the loop with the learned weights.
  private func compare<Scalar: Real>(
    with learned: TrainingLoop<Scalar>, _ learning: WeightLearning<Scalar>?, on world: RankGroup,
    describe: ErrorDescription,
    telling observer: any RunObserver
  ) throws -> (unweighted: ReweightResult.Quality, clean: ReweightResult.Quality?) {
    func train(_ problem: LearningProblem, named name: String) throws -> ReweightResult.Quality {
      if world.rank == 0 { observer.begin(name) }
      let loop = try world.agree(describe: describe) {
        let plan = TrainingPlan(
          samples: problem.split.training.count, configuration.training, steps: learned.plan.steps)
        let others = try learning?.student.map { student in
          try WeightLearning<Scalar>(
            configuration, problem: problem, unlabelled: student.unlabelled, batch: configuration.batch(of: problem),
            ranks: world.ranks, learns: false)
        }
        return try TrainingLoop<Scalar>(
          configuration, problem: problem, plan: plan, ranks: world.ranks, learning: others)
      }
      let outcome = try loop.run(over: world) { progress in
        if world.rank == 0 { observer.report(progress) }
      } afterEpoch: { epoch in
        if world.rank == 0 { observer.report(epoch) }
      }
      guard outcome.divergedAtStep == nil else { return .init(testLoss: nil, testAccuracy: nil) }
      return .init(try loop.evaluate(problem.split.test, over: world))
    }
    let unweighted = try train(learned.problem, named: "the same without learned weights")
    let split = learned.problem.split
    guard split.trueTraining != nil, split.withoutFlippedSamples != nil else { return (unweighted, nil) }
    let clean = try world.agree(describe: describe) { try learned.problem.withoutFlippedSamples() }
    return (unweighted, try train(clean, named: "the same on true labels alone"))
  }
}

extension Configuration {
  /// A problem without the samples whose labels the student of three levels must not see; and those samples.
  fileprivate func hidingLabels(
    of problem: LearningProblem
  ) throws(ConfigurationError) -> (LearningProblem, unlabelled: Subset?) {
    guard let reweight, reweight.levels == 3 else { return (problem, nil) }
    return try problem.hidingLabels(reweight.unlabelled, seed: training.seed)
  }

  /// The number of samples in a minibatch of a problem.
  fileprivate func batch(of problem: LearningProblem) -> Int { min(training.batch, problem.split.training.count) }
}

extension ExampleWeights {
  /// Statistics of the weights of a training set, and how well they separate its wrong labels from right ones where
  /// these are known.
  func statistics(_ split: DataSplit) -> WeightStatistics {
    let weights = values.all.array
    let ranking = split.isFlipped.flatMap { WrongLabelRanking(weights: weights, isFlipped: $0) }
    return WeightStatistics(weights, auc: ranking?.auc, precision: ranking?.precision)
  }
}

extension ReweightResult.Quality {
  /// Values that are not finite become nil.
  init(_ evaluation: Evaluation) {
    self.init(
      testLoss: evaluation.loss.isFinite ? evaluation.loss : nil,
      testAccuracy: evaluation.loss.isFinite ? evaluation.accuracy : nil)
  }
}

extension ReweightResult.Example {
  fileprivate init<Scalar: Real>(_ example: WeightRecords<Scalar>.Example) {
    self.init(
      id: example.id, label: example.label, trueLabel: example.trueLabel, weight: Double(example.weight),
      loss: Double(example.loss), margin: example.margin.map { Double($0) })
  }
}
