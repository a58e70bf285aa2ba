private import BLAS
private import Datasets
private import Foundation
internal import Kernels
public import MPI
private import Networks
public import RunRecords

/// A training run: its data, its network, its folder, and the loop over epochs and minibatches.
public struct TrainingRun {
  public let configuration: Configuration
  /// The program's version, for the manifest.
  public let version: String
  /// The preset's name, for the folder and the manifest.
  public let preset: String
  /// Whether the training samples have weights that are learned.
  public let learnsWeights: Bool
  /// Where it goes on; nil for a new run.
  public var resumption: Resumption?
  /// Whether it goes on with settings that make it another training than it was.
  public var isForced = false

  public init(_ configuration: Configuration, version: String, preset: String) {
    (self.configuration, self.version, self.preset) = (configuration, version, preset)
    learnsWeights = false
  }

  /// A run that learns a weight for each training sample, by `reweight` or its standard settings.
  ///
  /// - Throws: ``ConfigurationError`` for settings that weights cannot be learned with.
  public init(
    learningWeightsOf configuration: Configuration, version: String, preset: String
  ) throws(ConfigurationError) {
    var settings = configuration
    settings.reweight = configuration.reweight ?? ReweightConfiguration()
    try settings.checkReweighting()
    try settings.checkForReweighting()
    // What is recorded does not depend on what is standard.
    let cycles = settings.weightCycles
    settings.reweight?.cycles = cycles
    (self.configuration, self.version, self.preset, learnsWeights) = (settings, version, preset, true)
  }

  /// Trains on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - describe: an error's message and exit code.
  ///   - note: called on rank 0 with what the user should know of a run that goes on.
  ///   - phase: called on rank 0 before a training that is compared with the first, with its name.
  ///   - report: called on rank 0 after every step.
  /// - Returns: the result, the same on every rank.
  /// - Throws: `AgreedFailure` when a rank could not be set up or the loss was not finite; the run folder then holds the
  ///   last model whose loss was. With ``ExitCode/stopped`` after one of the ``StopSignals``: the run folder then holds a
  ///   checkpoint.
  public func train(
    on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32),
    note: (String) -> Void = { _ in }, phase: (String) -> Void = { _ in }, report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    try world.requireSame(configuration)
    return try world.withLanes(of: configuration) { world in
      switch configuration.training.precision {
      case .float32: try train(as: Float.self, on: world, describe: describe, note: note, phase: phase, report: report)
      case .float64:
        try train(as: Double.self, on: world, describe: describe, note: note, phase: phase, report: report)
      }
    }
  }

  private func train<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32), note: (String) -> Void, phase: (String) -> Void,
    report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    BLASLibrary.setThreads(configuration.training.blasThreads)
    return try world.withStallWatch(timeout: configuration.run.stallTimeout) { place in
      try train(as: precision, on: world, noting: place, describe: describe, note: note, phase: phase, report: report)
    }
  }

  private func train<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator, noting place: RunPlace,
    describe: (any Error) -> (message: String, code: Int32), note: (String) -> Void, phase: (String) -> Void,
    report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    let (problem, labelled, learning) = try world.agree(describe: describe) {
      () throws -> (LearningProblem, LearningProblem, WeightLearning<Scalar>?) in
      let problem = try LearningProblem(configuration)
      guard learnsWeights else { return (problem, problem, nil) }
      let (labelled, learning): (LearningProblem, WeightLearning<Scalar>) = try weighted(problem, ranks: world.ranks)
      return (problem, labelled, learning)
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    return try world.withTrainingLoop(
      configuration, problem: labelled, learning: learning, as: precision, describe: describe
    ) { loop in
      loop.place = place
      return try train(loop, problem, on: world, describe: describe, note: note, phase: phase, report: report)
    }
  }

  private func train<Scalar: Real>(
    _ first: TrainingLoop<Scalar>, _ problem: LearningProblem, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32), note: (String) -> Void, phase: (String) -> Void,
    report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    let hosts = try world.allGather(MPILibrary.processorName)
    let started = Date()
    let about = try about(problem, ranks: world.ranks)
    let opened = try open(about, started: started, on: world, describe: describe, note: note)
    if let finished = opened.facts.finished { return finished }
    let folder = opened.folder
    var manifest = Manifest(
      configuration, problem, version: version, preset: preset, started: started,
      parameters: first.step.network.layout.count, hosts: hosts, on: world)
    manifest.reduction = world.ranks > 1 || world.lanes != nil ? first.reduction.rawValue : nil
    manifest.goOn(from: opened, at: started)
    var metrics: MetricsWriter?
    let scaling = try problem.map.json
    var keeper = CheckpointKeeper<Scalar>(folder, configuration.run, about: about, scaling: scaling)
    let all = try takeAllSteps(of: first, from: opened, on: world, describe: describe) {
      try world.agree(describe: describe) {
        guard world.rank == 0 else { return }
        try writeWhole(about.configuration, to: folder.configuration)
        try writeWhole(try manifest.json + "\n", to: folder.manifest)
        if let flips = problem.labelNoiseCSV { try writeWhole(flips, to: folder.labelNoise) }
        metrics = try opened.metrics()
      }
    } afterStep: { loop, progress in
      try loop.compareReplicas(after: progress, every: configuration.training.checkReplicas, over: world)
      if world.rank == 0 { report(progress) }
    } afterEpoch: { loop, epoch, cycle in
      try metrics?.append(
        Metrics(epoch, weights: loop.learning?.weights.statistics(loop.problem.split), cycle: cycle))
    } between: { loop, place in
      try keeper.keep(loop, at: place, metrics: metrics, on: world, describe: describe)
    }
    let (loop, outcome) = (all.loop, all.outcome)
    if outcome.wasStopped {
      manifest.status = .stopped
      try world.agree(describe: describe) {
        if world.rank == 0 { try writeWhole(try manifest.json + "\n", to: folder.manifest) }
      }
      throw AgreedFailure(
        code: ExitCode.stopped,
        message: "stopped after a checkpoint at step \(outcome.steps) of \(steps(loop.plan)); continue with --resume "
          + folder.path)
    }
    var divergedAt = outcome.divergedAtStep
    var result: RunResult?
    if divergedAt == nil {
      let judged = try loop.judge(outcome, run: folder.path, on: world)
      if judged.isFinite { result = judged } else { divergedAt = outcome.steps }
      if result == nil { try loop.restoreLastGood() }
    }
    let fingerprint = try replicaFingerprint(loop.step.parameters, over: world)
    try loop.learning?.compareReplicas(over: world)
    let models = Models(loop, scaling: scaling)
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try models.teacher.write(to: folder.model)
      try models.student?.write(to: folder.student)
    }
    if loop.learning != nil {
      var weights = try judgeWeights(loop, folder: folder, on: world, describe: describe)
      if configuration.reweight?.compare == true, result != nil {
        (weights.unweighted, weights.clean) = try compare(
          with: loop, on: world, describe: describe, phase: phase, report: report)
      }
      weights.cycles = all.cycles
      result?.reweight = weights
    }
    manifest.status = divergedAt == nil ? .finished : .diverged
    manifest.finished = Date().ISO8601Format()
    manifest.parametersSHA256 = fingerprint
    manifest.divergedAtStep = divergedAt
    manifest.result = result
    try world.agree(describe: describe) {
      if world.rank == 0 { try writeWhole(try manifest.json + "\n", to: folder.manifest) }
    }
    guard let result else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "training diverged: the loss \(learnsWeights ? "or the hypergradient " : "")is not finite at step "
          + "\(divergedAt ?? 0) of \(steps(loop.plan)); the last good model is in \(folder.model); a smaller "
          + (learnsWeights
            ? "optimizer.learningRate, reweight.learningRate or reweight.student.optimizer.learningRate may help"
            : "optimizer.learningRate, or auto, may help"))
    }
    return result
  }

  /// Those of all cycles.
  private func steps(_ plan: TrainingPlan) -> Int { (learnsWeights ? configuration.weightCycles : 1) * plan.steps }
}
