private import BLAS
private import Datasets
private import Foundation
internal import Kernels
public import MPI
private import Networks
public import RunRecords

/// Where a run is, after a step.
public struct TrainingProgress: Sendable {
  public let step: Int
  public let steps: Int
  /// Epochs, counted from 1.
  public let epoch: Int
  public let epochs: Int
  /// The mean loss of the step's minibatch before the step, without regularisation.
  public let loss: Double
  /// Since the first step.
  public let seconds: Double
  /// Whether this is the last step of its epoch.
  public let endsEpoch: Bool
}

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
    var settings = configuration
    // A host may have the data in a place of its own; that it is the same data is made sure of below.
    (settings.data.path, settings.data.test) = (nil, nil)
    try world.requireSame(settings.yaml(), what: "settings", remedy: "start every rank with the same command and files")
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
    let (problem, step) = try world.agree(describe: describe) { try prepare(as: precision, ranks: world.ranks) }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    let hosts = try world.allGather(MPILibrary.processorName)
    let started = Date()
    let folder = try makeFolder(on: world, started: started, describe: describe)
    var manifest = Manifest(
      version: version, preset: preset, started: started.ISO8601Format(), seed: configuration.training.seed,
      ranks: world.ranks, hosts: hosts, precision: configuration.training.precision.rawValue,
      parameters: step.network.layout.count,
      data: Manifest.Data(
        set: configuration.data.set.rawValue, path: configuration.data.path,
        trainingSamples: problem.split.training.count, testSamples: problem.split.test.count,
        sha256: world.rank == 0 ? problem.split.fingerprint : ""),
      libraries: Manifest.Libraries(
        mpi: MPILibrary.version, blas: BLASLibrary.configuration, blasKernel: BLASLibrary.coreName,
        blasThreads: configuration.training.blasThreads))
    let metrics = try world.agree(describe: describe) { () throws -> MetricsWriter? in
      guard world.rank == 0 else { return nil }
      try folder.write(try configuration.yaml(), to: folder.configuration)
      try folder.write(try manifest.json + "\n", to: folder.manifest)
      return try MetricsWriter(path: folder.metrics)
    }

    let outcome = try loop(step, problem, on: world, metrics: metrics, report: report)
    var divergedAt = outcome.divergedAtStep
    var result: RunResult?
    if divergedAt == nil {
      let judged = try judge(step, problem, outcome, run: folder.path, on: world)
      if judged.isFinite { result = judged } else { divergedAt = outcome.steps }
    }
    if divergedAt != nil { step.parameters.all.copy(from: outcome.lastGood.all) }
    let fingerprint = try replicaFingerprint(step.parameters, over: world)
    let model = ModelFile(network: step.network, parameters: step.parameters, scaling: try problem.map.json)
    manifest.status = divergedAt == nil ? .finished : .diverged
    manifest.finished = Date().ISO8601Format()
    manifest.parametersSHA256 = fingerprint
    manifest.divergedAtStep = divergedAt
    manifest.result = result
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      try model.write(to: folder.model)
      try folder.write(try manifest.json + "\n", to: folder.manifest)
    }
    guard let result else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "training diverged: the loss is not finite at step \(divergedAt ?? 0) of \(outcome.plannedSteps); "
          + "the last good model is in \(folder.model); a smaller optimizer.learningRate or more "
          + "optimizer.damping may help")
    }
    return result
  }

  /// What every rank reads and allocates by itself.
  private func prepare<Scalar: Real>(
    as precision: Scalar.Type, ranks: Int
  ) throws -> (LearningProblem, TrainingStep<Scalar>) {
    let problem = try LearningProblem(configuration)
    let network = try Network<Scalar>(configuration.network, inputs: problem.features)
    try problem.check(outputs: network.outputs)
    let training = configuration.training
    let batch = min(training.batch, problem.split.training.count)
    try Self.requireMemory(network, samples: (batch + ranks - 1) / ranks)
    let parameters = network.initialParameters(training.initialization, seed: UInt64(training.seed))
    let step = TrainingStep(
      configuration, problem: problem, network: network, parameters: parameters, capacity: (batch + ranks - 1) / ranks)
    return (problem, step)
  }

  /// Refuses a network that cannot be held: an allocation that the system grants and cannot keep would end the process
  /// without a word.
  private static func requireMemory<Scalar: Real>(_ network: Network<Scalar>, samples: Int) throws {
    // Parameters, Ẇ, Ẅ, the last good model and |W|; for each sample y, u, Ẏ, Z, σ', σ'' at every boundary.
    let units = network.layers.reduce(network.inputs) { $0 + $1.outputs }
    let numbers = 5 * Double(network.layout.count) + 6 * Double(units) * Double(samples)
    let (needed, present) = (numbers * Double(MemoryLayout<Scalar>.stride), ProcessInfo.processInfo.physicalMemory)
    guard needed > Double(present) else { return }
    let gibibytes = { (bytes: Double) in "\(Int((bytes / 0x1p30).rounded(.up)))" }
    throw ConfigurationError(
      "network: its \(network.layout.count) weights and a batch of \(samples) samples on a rank need "
        + "\(gibibytes(needed)) GiB, but this machine has \(gibibytes(Double(present))) GiB; make it smaller")
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

  /// What the loop over the epochs leaves.
  private struct Outcome<Scalar: Real> {
    var steps = 0
    var plannedSteps: Int
    var seconds = 0.0
    /// The step whose loss was not finite.
    var divergedAtStep: Int?
    /// The parameters at the first minibatch of the last epoch whose loss there was finite.
    var lastGood: Arena<Scalar>
  }

  private func loop<Scalar: Real>(
    _ step: TrainingStep<Scalar>, _ problem: LearningProblem, on world: borrowing Communicator, metrics: MetricsWriter?,
    report: (TrainingProgress) -> Void
  ) throws -> Outcome<Scalar> {
    let training = configuration.training
    let samples = problem.split.training.count
    let batchSize = min(training.batch, samples)
    let stepsPerEpoch = (samples + batchSize - 1) / batchSize
    var outcome = Outcome(
      plannedSteps: stepsPerEpoch * training.epochs, lastGood: Arena<Scalar>(count: step.parameters.count))
    outcome.lastGood.all.copy(from: step.parameters.all)
    var order = EpochOrder(seed: training.seed, count: samples)
    let clock = ContinuousClock()
    let start = clock.now

    for epoch in 1...training.epochs {
      order.shuffle(epoch: epoch)
      var lossSum = 0.0
      for first in stride(from: 0, to: samples, by: batchSize) {
        let batch = first..<min(first + batchSize, samples)
        let loss = try step.computeStatistics(
          order.positions.span.extracting(world.shard(batch)), samples: batch.count, over: world)
        outcome.steps += 1
        guard loss.isFinite else {
          outcome.divergedAtStep = outcome.steps
          return outcome
        }
        if first == 0 { outcome.lastGood.all.copy(from: step.parameters.all) }
        step.update(samples: batch.count)
        lossSum += loss * Double(batch.count)
        outcome.seconds = start.duration(to: clock.now) / .seconds(1)
        if world.rank == 0 {
          report(
            TrainingProgress(
              step: outcome.steps, steps: outcome.plannedSteps, epoch: epoch, epochs: training.epochs, loss: loss,
              seconds: outcome.seconds, endsEpoch: batch.upperBound == samples))
        }
      }
      try metrics?.append(
        Metrics(epoch: epoch, step: outcome.steps, seconds: outcome.seconds, trainingLoss: lossSum / Double(samples)))
    }
    return outcome
  }

  private func judge<Scalar: Real>(
    _ step: TrainingStep<Scalar>, _ problem: LearningProblem, _ outcome: Outcome<Scalar>, run: String,
    on world: borrowing Communicator
  ) throws -> RunResult {
    let training = try problem.evaluate(
      step.network, step.parameters, configuration.loss, on: problem.split.training, over: world)
    let test = try problem.evaluate(
      step.network, step.parameters, configuration.loss, on: problem.split.test, over: world)
    return RunResult(
      run: run, steps: outcome.steps, epochs: configuration.training.epochs, seconds: outcome.seconds,
      ranks: world.ranks, trainingLoss: training.loss, trainingAccuracy: training.accuracy, testLoss: test.loss,
      testAccuracy: test.accuracy)
  }
}

extension RunResult {
  fileprivate var isFinite: Bool { trainingLoss.isFinite && testLoss.isFinite }
}
