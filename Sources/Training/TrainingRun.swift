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

  public init(_ configuration: Configuration, version: String, preset: String) {
    (self.configuration, self.version, self.preset) = (configuration, version, preset)
  }

  /// Trains on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - describe: an error's message and exit code.
  ///   - report: called on rank 0 after every step.
  /// - Returns: the result, the same on every rank.
  /// - Throws: `AgreedFailure` when a rank could not be set up or the loss was not finite; the run folder then holds the
  ///   last model whose loss was.
  public func train(
    on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32),
    report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    try world.requireSame(configuration)
    return switch configuration.training.precision {
    case .float32: try train(as: Float.self, on: world, describe: describe, report: report)
    case .float64: try train(as: Double.self, on: world, describe: describe, report: report)
    }
  }

  private func train<Scalar: Real>(
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32), report: (TrainingProgress) -> Void
  ) throws -> RunResult {
    BLASLibrary.setThreads(configuration.training.blasThreads)
    let (problem, loop) = try world.agree(describe: describe) { () throws -> (LearningProblem, TrainingLoop<Scalar>) in
      let problem = try LearningProblem(configuration)
      return (problem, try TrainingLoop(configuration, problem: problem, ranks: world.ranks))
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    let hosts = try world.allGather(MPILibrary.processorName)
    let started = Date()
    let folder = try makeFolder(on: world, started: started, describe: describe)
    let network = loop.step.network
    var manifest = Manifest(
      version: version, preset: preset, started: started.ISO8601Format(), seed: configuration.training.seed,
      ranks: world.ranks, hosts: hosts, precision: configuration.training.precision.rawValue,
      parameters: network.layout.count,
      data: Manifest.Data(
        set: configuration.data.set.rawValue, path: configuration.data.path,
        trainingSamples: problem.split.training.count, validationSamples: problem.split.validation?.count ?? 0,
        testSamples: problem.split.test.count, sha256: world.rank == 0 ? problem.split.fingerprint : "",
        labelNoise: Manifest.LabelNoise(configuration.data, problem)),
      libraries: Manifest.Libraries(
        mpi: MPILibrary.version, blas: BLASLibrary.configuration, blasKernel: BLASLibrary.coreName,
        blasThreads: configuration.training.blasThreads))
    let metrics = try world.agree(describe: describe) { () throws -> MetricsWriter? in
      guard world.rank == 0 else { return nil }
      try writeWhole(try configuration.yaml(), to: folder.configuration)
      try writeWhole(try manifest.json + "\n", to: folder.manifest)
      if let flips = problem.labelNoiseCSV { try writeWhole(flips, to: folder.labelNoise) }
      return try MetricsWriter(path: folder.metrics)
    }

    let outcome = try loop.run(over: world) { progress in
      try loop.compareReplicas(after: progress, every: configuration.training.checkReplicas, over: world)
      if world.rank == 0 { report(progress) }
    } afterEpoch: { epoch in
      try metrics?.append(Metrics(epoch))
    }
    var divergedAt = outcome.divergedAtStep
    var result: RunResult?
    if divergedAt == nil {
      let judged = try judge(loop, problem, outcome, run: folder.path, on: world)
      if judged.isFinite { result = judged } else { divergedAt = outcome.steps }
      if result == nil { loop.restoreLastGood() }
    }
    let fingerprint = try replicaFingerprint(loop.step.parameters, over: world)
    let model = ModelFile(network: network, parameters: loop.step.parameters, scaling: try problem.map.json)
    manifest.status = divergedAt == nil ? .finished : .diverged
    manifest.finished = Date().ISO8601Format()
    manifest.parametersSHA256 = fingerprint
    manifest.divergedAtStep = divergedAt
    manifest.result = result
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try model.write(to: folder.model)
      try writeWhole(try manifest.json + "\n", to: folder.manifest)
    }
    guard let result else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "training diverged: the loss is not finite at step \(divergedAt ?? 0) of \(loop.plan.steps); "
          + "the last good model is in \(folder.model); a smaller optimizer.learningRate, or auto, may help")
    }
    return result
  }

  /// Rank 0 names and makes the folder; every rank learns its path.
  private func makeFolder(
    on world: borrowing Communicator, started: Date, describe: (any Error) -> (message: String, code: Int32)
  ) throws -> RunFolder {
    let parent = configuration.run.folder
    let made = try world.agree(describe: describe) { () throws -> RunFolder? in
      guard world.rank == 0 else { return nil }
      let name = configuration.run.name ?? RunFolder.unusedName(preset: preset, start: started, in: parent)
      return try RunFolder.create(name, in: parent)
    }
    return RunFolder(path: try world.broadcast(made?.path ?? "", from: 0))
  }

  /// Judges the trained network on all sets. Collective.
  private func judge<Scalar: Real>(
    _ loop: TrainingLoop<Scalar>, _ problem: LearningProblem, _ outcome: TrainingOutcome, run: String,
    on world: borrowing Communicator
  ) throws -> RunResult {
    let (network, parameters) = (loop.step.network, loop.step.parameters)
    let training = try problem.evaluate(
      network, parameters, configuration.loss, on: problem.split.training, over: world)
    let validation = try problem.split.validation.map { subset in
      try problem.evaluate(network, parameters, configuration.loss, on: subset, over: world)
    }
    let test = try problem.evaluate(network, parameters, configuration.loss, on: problem.split.test, over: world)
    return RunResult(
      run: run, steps: outcome.steps, epochs: (outcome.steps + loop.plan.stepsPerEpoch - 1) / loop.plan.stepsPerEpoch,
      bestEpoch: outcome.bestEpoch, seconds: outcome.seconds, ranks: world.ranks,
      trainingLoss: training.loss, trainingAccuracy: training.accuracy,
      validationLoss: validation?.loss, validationAccuracy: validation?.accuracy,
      testLoss: test.loss, testAccuracy: test.accuracy)
  }
}

extension RunResult {
  fileprivate var isFinite: Bool { trainingLoss.isFinite && testLoss.isFinite && (validationLoss ?? 0).isFinite }
}

extension Metrics {
  /// An epoch's line.
  fileprivate init(_ report: EpochReport) {
    self.init(
      epoch: report.epoch, step: report.step, seconds: report.seconds, learningRate: report.learningRate,
      trainingLoss: report.trainingLoss, validationLoss: report.validation?.loss,
      validationAccuracy: report.validation?.accuracy)
  }
}
