public import Configurations
private import Datasets
private import Foundation
internal import Kernels
public import MPI
private import Networks
internal import Ranks
internal import Reweighting
public import RunRecords
internal import Training

/// A training run: its data, its network, its folder, and the loop over epochs and minibatches.
public struct TrainingRun {
  public let configuration: Configuration
  /// The program's version, for the manifest.
  public let version: String
  /// The preset's name, for the folder and the manifest.
  public let preset: String
  /// Whether the training samples have weights that are learned.
  public let learnsWeights: Bool
  /// The run that it continues; nil for a new run.
  public var resumption: Resumption?
  /// Whether it may continue with settings that make it a different training.
  public var isForced = false
  /// Whether it ends before its first step and leaves no files behind.
  private(set) var isRehearsal = false

  public init(_ configuration: Configuration, version: String, preset: String) {
    (self.configuration, self.version, self.preset) = (configuration, version, preset)
    learnsWeights = false
  }

  /// A run that learns a weight for each training sample, with the settings of `reweight` or their standard values.
  ///
  /// - Throws: ``ConfigurationError`` for settings with which weights cannot be learned.
  public init(
    learningWeightsOf configuration: Configuration, version: String, preset: String
  ) throws(ConfigurationError) {
    var settings = configuration
    settings.reweight = configuration.reweight ?? ReweightConfiguration()
    try settings.checkReweighting()
    try settings.checkForReweighting()
    // The recorded settings must not depend on later standard values.
    let cycles = settings.weightCycles
    settings.reweight?.cycles = cycles
    (self.configuration, self.version, self.preset, learnsWeights) = (settings, version, preset, true)
  }

  /// Does everything that ``train(on:describe:telling:)`` does before its first step, but leaves no files behind.
  /// Collective.
  ///
  /// - Throws: the errors of ``train(on:describe:telling:)``.
  public func rehearse(
    on world: borrowing Communicator, describe: ErrorDescription, telling observer: any RunObserver
  ) throws {
    var rehearsal = self
    rehearsal.isRehearsal = true
    _ = try rehearsal.trained(on: world, describe: describe, telling: observer)
  }

  /// Trains on all ranks. Collective.
  ///
  /// - Returns: the result, the same on every rank.
  /// - Throws: `AgreedFailure` where a rank could not be set up or the loss was not finite; in the second case the run
  ///   folder holds the last model with a finite loss. With ``ExitCode/stopped`` after one of the ``StopSignals``: the
  ///   run folder then holds a checkpoint.
  public func train(
    on world: borrowing Communicator, describe: ErrorDescription, telling observer: any RunObserver
  ) throws -> RunResult {
    guard let result = try trained(on: world, describe: describe, telling: observer) else {
      preconditionFailure("only a rehearsal has no result")
    }
    return result
  }

  /// - Returns: nil for a rehearsal.
  private func trained(
    on world: borrowing Communicator, describe: ErrorDescription, telling observer: any RunObserver
  ) throws -> RunResult? {
    try world.requireSame(configuration)
    try world.agree(describe: describe) { try configuration.prepareProducts() }
    return try world.withGroup(for: configuration) { group in
      try group.communicator.withStallWatch(timeout: configuration.run.stallTimeout) { place in
        switch configuration.training.precision {
        case .float32: try train(as: Float.self, on: group, noting: place, describe: describe, telling: observer)
        case .float64: try train(as: Double.self, on: group, noting: place, describe: describe, telling: observer)
        }
      }
    }
  }

  private func train<Scalar: Real>(
    as precision: Scalar.Type, on world: RankGroup, noting place: RunPlace, describe: ErrorDescription,
    telling observer: any RunObserver
  ) throws -> RunResult? {
    let problem = try world.agree(describe: describe) { try LearningProblem(configuration) }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    let (labelled, learning): (LearningProblem, WeightLearning<Scalar>?) =
      learnsWeights ? try weighted(problem, on: world, describe: describe) : (problem, nil)
    let doubts = try world.agree(describe: describe) { try labelled.checkLearnable(by: configuration) }
    return try world.withTrainingLoop(
      configuration, problem: labelled, learning: learning, as: precision, describe: describe
    ) { loop in
      loop.place = place
      return try train(loop, learning, problem, doubts: doubts, on: world, describe: describe, telling: observer)
    }
  }

  /// - Parameters:
  ///   - problem: with the samples whose labels are hidden from the loop.
  ///   - doubts: the reasons that may keep the training from learning.
  private func train<Scalar: Real>(
    _ first: TrainingLoop<Scalar>, _ learning: WeightLearning<Scalar>?, _ problem: LearningProblem, doubts: [String],
    on world: RankGroup,
    describe: ErrorDescription, telling observer: any RunObserver
  ) throws -> RunResult? {
    let started = Date()
    let about = try about(problem, ranks: world.ranks)
    let opened = try open(about, started: started, on: world, describe: describe, note: observer.note)
    if let finished = opened.facts.finished { return finished }
    let restored = try restore(first, learning, from: opened, on: world, describe: describe)
    let dead = try world.agree(describe: describe) {
      world.rank == 0 && opened.facts.index == nil ? try first.deadStart() : nil
    }
    if world.rank == 0 { for doubt in doubts + [dead].compactMap(\.self) { observer.note("note: \(doubt)") } }
    guard !isRehearsal else { return nil }
    var record = RunRecord(opened.folder, try manifest(first, problem, from: opened, at: started, on: world))
    let scaling = try problem.map.json
    var keeper = CheckpointKeeper<Scalar>(opened.folder, configuration.run, about: about, scaling: scaling)

    try record.begin(about.configuration, problem, on: world, describe: describe) { try opened.metrics() }
    if world.rank == 0 {
      observer.follow(first.place)
      if opened.facts.index != nil {
        observer.begin("resumed from step \(opened.facts.step) of \(steps(first.plan))")
      }
    }
    let all = try takeAllSteps(of: first, from: restored, on: world, describe: describe) { loop, progress in
      try loop.compareReplicas(after: progress, every: configuration.training.checkReplicas, over: world)
      if world.rank == 0 { observer.report(progress) }
    } afterEpoch: { all, epoch, cycle in
      try record.metrics?.append(
        Metrics(epoch, weights: all.learning?.weights.statistics(all.loop.problem.split), cycle: cycle))
      if world.rank == 0 { observer.report(epoch) }
    } between: { loop, place in
      try keeper.keep(loop, at: place, metrics: record.metrics, on: world, describe: describe)
    }
    if all.outcome.wasStopped {
      try record.stop(on: world, describe: describe)
      throw stopped(all, record.folder)
    }

    var ending = try end(all, record.folder, on: world)
    let fingerprint = try replicaFingerprint(all.loop.step.parameters, over: world)
    try all.learning?.compareReplicas(after: nil, over: world)
    try record.write(Models(all.loop, scaling: scaling), on: world, describe: describe)
    if all.learning != nil {
      ending = try evaluateWeights(all, ending, record.folder, on: world, describe: describe, telling: observer)
    }
    try record.finish(ending, parameters: fingerprint, on: world, describe: describe)
    switch ending {
    case .evaluated(let result):
      let notes = try notes(on: result, all, over: world)
      if world.rank == 0 { notes.forEach(observer.note) }
      return result
    case .diverged(let step, let divergence): throw diverged(at: step, divergence, of: all, record.folder)
    }
  }

  /// The manifest as it is from the first step on. Collective.
  private func manifest<Scalar: Real>(
    _ loop: TrainingLoop<Scalar>, _ problem: LearningProblem, from opened: OpenedRun, at started: Date,
    on world: RankGroup
  ) throws -> Manifest {
    var manifest = Manifest(
      configuration, problem, version: version, preset: preset, started: started,
      parameters: loop.step.network.layout.count, hosts: try world.allGather(MPILibrary.processorName), on: world)
    manifest.reduction = world.ranks > 1 || world.lanes != nil ? loop.reduction.rawValue : nil
    manifest.reductionPieceBytes = loop.reduction == .lanes ? nil : world.pieceBytes
    manifest.goOn(from: opened, at: started)
    return manifest
  }

  /// Evaluates the trained network; where a loss is not finite, restores the last good parameters. Collective.
  private func end<Scalar: Real>(
    _ all: CycledOutcome<Scalar>, _ folder: RunFolder, on world: RankGroup
  ) throws -> RunEnding {
    if let step = all.outcome.divergedAtStep { return .diverged(step: step, all.outcome.divergence) }
    let evaluated = try all.loop.evaluate(all.outcome, run: folder.path, on: world)
    guard !evaluated.isFinite else {
      var result = evaluated
      result.initialTrainingLoss = try startLoss(below: evaluated, all.loop, over: world)
      return .evaluated(result)
    }
    let set = evaluated.trainingLoss.isFinite ? "test set" : "training set"
    let divergence = try all.loop.divergence(evaluatedOn: set, afterStep: all.loop.position.steps, over: world)
    try all.loop.restoreLastGood()
    return .diverged(
      step: all.outcome.steps, divergence.following(all.outcome.steps - all.loop.position.steps))
  }

  private func stopped<Scalar: Real>(_ all: CycledOutcome<Scalar>, _ folder: RunFolder) -> AgreedFailure {
    AgreedFailure(
      code: ExitCode.stopped,
      message: "stopped after a checkpoint at step \(all.outcome.steps) of \(steps(all.loop.plan)); continue with "
        + "--resume \(folder.path)")
  }

  private func diverged<Scalar: Real>(
    at step: Int, _ divergence: Divergence?, of all: CycledOutcome<Scalar>, _ folder: RunFolder
  ) -> AgreedFailure {
    AgreedFailure(
      code: ExitCode.failed,
      message: "training diverged: the loss \(learnsWeights ? "or the hypergradient " : "")is not finite at step "
        + "\(step) of \(steps(all.loop.plan))" + (divergence.map { ": \($0)" } ?? "")
        + "; the last good model is in \(folder.model); "
        + configuration.remedies(for: divergence, learnsWeights: learnsWeights))
  }

  /// The steps of all cycles.
  private func steps(_ plan: TrainingPlan) -> Int { (learnsWeights ? configuration.weightCycles : 1) * plan.steps }
}
