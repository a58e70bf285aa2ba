internal import Configurations
internal import Datasets
internal import Kernels
internal import MPI
internal import Ranks
internal import Reweighting
internal import RunRecords
internal import Training

/// The results of all cycles of a run with learned weights; any other run has a single cycle.
struct CycledOutcome<Scalar: Real> {
  /// The loop of the last cycle, and the learner of its weights.
  var loop: TrainingLoop<Scalar>
  var learning: WeightLearning<Scalar>?
  /// The outcome of all cycles together.
  var outcome: TrainingOutcome
  /// The results of the cycles that ended well.
  var cycles: [ReweightResult.Cycle] = []
}

extension TrainingRun {
  /// Restores the state of the checkpoint from which a run continues, if there is one. Collective.
  ///
  /// - Parameters:
  ///   - first: the loop of the first cycle.
  ///   - learning: the learner of the weights in the first cycle.
  ///   - opened: the run's folder with the checkpoint, where there is one.
  /// - Throws: `AgreedFailure` for a checkpoint that does not fit; the run's files are then unchanged.
  func restore<Scalar: Real>(
    _ first: TrainingLoop<Scalar>, _ learning: WeightLearning<Scalar>?, from opened: OpenedRun,
    on world: RankGroup, describe: ErrorDescription
  ) throws -> (all: CycledOutcome<Scalar>, place: CyclePlace) {
    var all = CycledOutcome(loop: first, learning: learning, outcome: TrainingOutcome())
    var place = CyclePlace(learnsWeights ? first.problem : nil)
    try opened.restore(on: world) { state in
      try place.exchange(with: state)
      try place.check(cycles: cycles)
      if let start = place.start {
        (all.loop, all.learning) = try loop(after: first, from: start, on: world, describe: describe)
      }
      try all.loop.exchange(with: state)
      all.loop.resume(afterSeconds: opened.facts.seconds)
      (all.outcome.steps, all.cycles) = (place.steps, opened.facts.cycles)
    }
    return (all, place)
  }

  private var cycles: Int { learnsWeights ? configuration.weightCycles : 1 }

  /// The loop of a later cycle. Collective.
  private func loop<Scalar: Real>(
    after first: TrainingLoop<Scalar>, from start: WeightStart, on world: RankGroup,
    describe: ErrorDescription
  ) throws -> (TrainingLoop<Scalar>, WeightLearning<Scalar>) {
    let (loop, learning) = try world.agree(describe: describe) {
      let learning: WeightLearning<Scalar> = try relearning(first.problem, from: start, ranks: world.ranks)
      let loop = try TrainingLoop<Scalar>(
        configuration, problem: first.problem, ranks: world.ranks, learning: learning)
      return (loop, learning)
    }
    loop.place = first.place
    return (loop, learning)
  }

  /// Takes all steps of a run, or the remaining ones after a checkpoint: those of every cycle, each of which starts
  /// from the same parameters. Collective.
  ///
  /// - Parameters:
  ///   - first: the loop of the first cycle.
  ///   - restored: the position of the run, and its loop.
  ///   - afterStep: called on every rank after each step with the steps and seconds of all cycles so far.
  ///   - afterEpoch: called on every rank after each epoch, likewise; the cycle is nil where there is only one.
  ///   - between: as for the loop, with the position among the cycles.
  func takeAllSteps<Scalar: Real>(
    of first: TrainingLoop<Scalar>, from restored: (all: CycledOutcome<Scalar>, place: CyclePlace),
    on world: RankGroup, describe: ErrorDescription,
    afterStep: (TrainingLoop<Scalar>, TrainingProgress) throws -> Void,
    afterEpoch: (CycledOutcome<Scalar>, EpochReport, _ cycle: Int?) throws -> Void,
    between: (TrainingLoop<Scalar>, CyclePlace) throws -> Bool
  ) throws -> CycledOutcome<Scalar> {
    var (all, place) = restored
    for cycle in place.cycle...cycles {
      if cycle > place.cycle {
        let steps = all.outcome.steps
        _ = try replicaFingerprint(all.loop.step.parameters, after: steps, over: world)
        let found = try first.problem.weightStart(
          all.loop.step.network, all.loop.step.parameters, cycle: cycle, over: world)
        guard found.isFinite else {
          all.outcome.divergedAtStep = steps
          all.outcome.divergence = try all.loop.divergence(
            evaluatedOn: "training set, from which the next cycle's weights start,", afterStep: all.loop.position.steps,
            over: world
          ).following(steps - all.loop.position.steps)
          try all.loop.restoreLastGood()
          break
        }
        place.begin(cycle, from: found, afterSteps: steps)
        (all.loop, all.learning) = try loop(after: first, from: found, on: world, describe: describe)
        try all.learning?.compareReplicas(after: steps, over: world)
      }
      let (loop, present, before) = (all.loop, all, all.outcome)
      place.results = all.cycles
      place.seconds = before.seconds
      let own = try loop.run(over: world) { progress in
        try afterStep(loop, progress.following(before, cycle: cycle, of: cycles))
      } afterEpoch: { report in
        try afterEpoch(present, report.following(before), cycles > 1 ? cycle : nil)
      } between: { _ in
        try between(loop, place)
      }
      all.outcome = own.following(before)
      guard own.divergedAtStep == nil, !own.wasStopped else { break }
      if let learning = all.learning {
        all.cycles.append(try loop.evaluateCycle(cycle, place.start, learning, over: world))
      }
    }
    return all
  }
}

extension TrainingLoop {
  /// Evaluates the network after a cycle. Collective.
  fileprivate func evaluateCycle(
    _ cycle: Int, _ start: WeightStart?, _ learning: WeightLearning<Scalar>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> ReweightResult.Cycle {
    let validation = try problem.split.validation.map { try evaluate($0, over: ranks) }
    let test = ReweightResult.Quality(try evaluate(problem.split.test, over: ranks))
    return ReweightResult.Cycle(
      cycle: cycle, inverseTemperature: start?.inverseTemperature, wrongShare: start?.wrongShare,
      validationLoss: validation?.loss, validationAccuracy: validation?.accuracy, testLoss: test.testLoss,
      testAccuracy: test.testAccuracy, weights: learning.weights.statistics(problem.split))
  }
}

extension TrainingProgress {
  /// The progress counted over all cycles, after the earlier ones.
  fileprivate func following(_ before: TrainingOutcome, cycle: Int, of cycles: Int) -> TrainingProgress {
    var progress = self
    (progress.cycle, progress.cycles) = (cycle, cycles)
    (progress.step, progress.steps) = (before.steps + step, cycles * steps)
    progress.seconds = before.seconds + seconds
    return progress
  }
}

extension EpochReport {
  fileprivate func following(_ before: TrainingOutcome) -> EpochReport {
    var report = self
    (report.step, report.seconds) = (before.steps + step, before.seconds + seconds)
    return report
  }
}

extension TrainingOutcome {
  fileprivate func following(_ before: TrainingOutcome) -> TrainingOutcome {
    var outcome = self
    (outcome.steps, outcome.seconds) = (before.steps + steps, before.seconds + seconds)
    outcome.divergedAtStep = divergedAtStep.map { before.steps + $0 }
    outcome.divergence = divergence?.following(before.steps)
    return outcome
  }
}
