private import BLAS
private import Datasets
internal import Foundation
internal import Kernels
internal import MPI
private import Networks
private import Optimizers
internal import RunRecords

/// How a run begins: anew, or from a checkpoint.
public enum Resumption: Equatable, Sendable {
  /// From the newest complete checkpoint of a run folder.
  case run(String)
  /// The same where the run of this name has one; else anew.
  case automatic
}

/// A run folder that belongs to this job, and what it holds already.
struct OpenedRun {
  /// What all ranks know.
  struct Facts: Codable {
    var folder: String
    /// What a finished run gave: there is nothing to do.
    var finished: RunResult?
    /// Of the checkpoint that the run goes on from.
    var index: RestoredState.Index?
    var step = 0
    var seconds = 0.0
    var metricsBytes = 0
    var cycles: [ReweightResult.Cycle] = []
  }

  /// A checkpoint that is let go of when it has served: it is as large as the training.
  final class Source {
    fileprivate var checkpoint: Checkpoint?

    fileprivate init(_ checkpoint: Checkpoint?) { self.checkpoint = checkpoint }
  }

  let facts: Facts
  /// On rank 0: nobody else writes to the folder as long as this lives.
  let lock: RunLock?
  /// On rank 0, until its state has been taken.
  let source: Source
  /// What the folder's manifest said, on rank 0.
  let manifest: Manifest?

  var folder: RunFolder { RunFolder(path: facts.folder) }
}

extension TrainingRun {
  /// Makes the run's folder, or opens it for the rest of its steps. Collective.
  ///
  /// - Parameter note: called on rank 0 with what the user should know.
  /// - Throws: `AgreedFailure` where the folder belongs to a live job, or to another run than this one.
  func open(
    _ about: CheckpointState, started: Date, on world: borrowing Communicator,
    describe: ErrorDescription, note: (String) -> Void
  ) throws -> OpenedRun {
    let opened = try world.agree(describe: describe) { () throws -> OpenedRun? in
      guard world.rank == 0 else { return nil }
      return try open(about, started: started, note: note)
    }
    let facts = try world.shared(opened?.facts, from: 0)
    return OpenedRun(
      facts: facts, lock: opened?.lock, source: opened?.source ?? OpenedRun.Source(nil), manifest: opened?.manifest)
  }

  private func open(
    _ about: CheckpointState, started: Date, note: (String) -> Void
  ) throws -> OpenedRun {
    guard let folder = try resumption?.folder(of: configuration) else {
      let name =
        configuration.run.name
        ?? RunFolder.unusedName(preset: preset, start: started, in: configuration.run.folder)
      let folder =
        isRehearsal
        ? try RunFolder.checkUnused(name, in: configuration.run.folder)
        : try RunFolder.create(name, in: configuration.run.folder)
      return OpenedRun(
        facts: OpenedRun.Facts(folder: folder.path), lock: isRehearsal ? nil : try RunLock(folder),
        source: OpenedRun.Source(nil), manifest: nil)
    }
    if isRehearsal { try RunLock.check(folder) }
    let lock = isRehearsal ? nil : try RunLock(folder)
    let store = CheckpointStore(folder)
    if !isRehearsal { store.sweep() }
    let checkpoint = store.newest { damage in note("\(damage); an older checkpoint is looked for") }
    let manifest = FileManager.default.contents(atPath: folder.manifest).flatMap {
      try? JSONDecoder().decode(Manifest.self, from: $0)
    }
    var facts = OpenedRun.Facts(folder: folder.path)
    if let old = try writtenSettings(checkpoint, folder) {
      try check(checkpoint, old, about, note: note)
      if manifest?.status == .finished, let result = manifest?.result,
        configuration.training.epochs <= old.training.epochs
      {
        facts.finished = result
        facts.finished?.run = folder.path
        note("\(folder.path) is finished already; more training.epochs would go on with it")
      }
    }
    if let checkpoint {
      facts.index = RestoredState.Index(checkpoint.tensors)
      (facts.step, facts.seconds) = (checkpoint.state.step, checkpoint.state.seconds)
      (facts.metricsBytes, facts.cycles) = (checkpoint.state.metricsBytes, checkpoint.state.cycles)
    } else if facts.finished == nil, case .run(let path)? = resumption {
      throw UnreadableFile(
        path: path, problem: "has no complete checkpoint to go on from; train it anew, or use --resume auto")
    }
    return OpenedRun(facts: facts, lock: lock, source: OpenedRun.Source(checkpoint), manifest: manifest)
  }

  /// The settings that a run had so far: those of its checkpoint, else those in its folder.
  private func writtenSettings(_ checkpoint: Checkpoint?, _ folder: RunFolder) throws -> Configuration? {
    if let checkpoint {
      return try ConfigurationSource.written(checkpoint.state.configuration, path: checkpoint.path + "/state.json")
    }
    return FileManager.default.contents(atPath: folder.configuration).flatMap {
      try? ConfigurationSource.written(String(decoding: $0, as: UTF8.self), path: folder.configuration)
    }
  }

  /// Whether the rest of a run is that of the run that it was.
  private func check(
    _ checkpoint: Checkpoint?, _ old: Configuration, _ about: CheckpointState, note: (String) -> Void
  ) throws {
    let changes = try configuration.changes(from: old)
    if !changes.isEmpty {
      let list = changes.map { "\($0.key) (was \($0.old), is \($0.new))" }.joined(separator: ", ")
      guard isForced else {
        throw ConfigurationError(
          "--resume: the run would go on as another training: \(list); leave the settings as they were, start a new "
            + "run, or add --force")
      }
      note("the run goes on with other settings: \(list)")
    }
    if configuration.training.epochs > old.training.epochs, configuration.schedule.name.dependsOnSteps {
      note(
        "schedule \(configuration.schedule.name.rawValue) depends on the steps of the whole training: from here on its "
          + "rates are those of \(configuration.training.epochs) epochs, before they were those of "
          + "\(old.training.epochs)")
    }
    guard let state = checkpoint?.state else { return }
    guard state.command == about.command else {
      throw ConfigurationError("--resume: the run was begun by rp-dist \(state.command); go on with the same command")
    }
    guard state.data == about.data else {
      throw BrokenRun(
        path: checkpoint?.path ?? "", problem: "its data are others than those at hand; give --data the same files")
    }
    let platform = configuration.usesBLAS ? state.platform : state.platform.withoutBLAS
    if platform != about.platform {
      note(
        "the run goes on with \(about.platform), so far it had \(platform): its bits may differ from those of an unbroken "
          + "run")
    }
  }

  /// What the checkpoints of the run say of it.
  func about(_ problem: LearningProblem, ranks: Int) throws -> CheckpointState {
    CheckpointState(
      version: version, command: learnsWeights ? "reweight" : "train", ranks: ranks,
      configuration: try configuration.yaml(),
      data: problem.split.digest,
      platform: CheckpointState.Platform(
        blas: configuration.blas?.configuration, blasKernel: configuration.blas?.coreName, mpi: MPILibrary.version,
        loops: "\(InstructionSet.best)"))
  }
}

extension OpenedRun {
  /// Gives the state in the checkpoint to `body`, which takes all of it; nothing where there is none. Collective.
  ///
  /// - Throws: `AgreedFailure` where it is the state of another training.
  func restore(on world: borrowing Communicator, _ body: (any StateExchange) throws -> Void) throws {
    guard let index = facts.index else { return }
    do {
      try restore(index, { bytes in try world.broadcast(bytes, from: 0) }, body)
    } catch let mismatch as StateMismatch {
      // Every rank has found the same.
      throw AgreedFailure(
        code: ExitCode.usage, message: "\(folder.checkpoints)/step-\(facts.step) does not fit the settings: \(mismatch)"
      )
    }
  }

  private func restore(
    _ index: RestoredState.Index, _ share: ([UInt8]) throws -> [UInt8], _ body: (any StateExchange) throws -> Void
  ) throws {
    try withoutActuallyEscaping(share) { share in
      let state = RestoredState(index, tensors: source.checkpoint?.tensors ?? [:], share: share)
      source.checkpoint = nil
      try body(state)
      try state.finish()
    }
  }

  /// The run's metrics from here on; on rank 0.
  func metrics() throws(RunRecordError) -> MetricsWriter {
    facts.index == nil
      ? try MetricsWriter(path: folder.metrics)
      : try MetricsWriter(continuing: folder.metrics, after: facts.metricsBytes)
  }
}

extension Manifest {
  /// Takes over what stays of the manifest of a run that goes on.
  mutating func goOn(from opened: OpenedRun, at time: Date) {
    guard opened.facts.index != nil else { return }
    if let old = opened.manifest { (started, preset, resumptions) = (old.started, old.preset, old.resumptions) }
    resumptions =
      (resumptions ?? []) + [
        Resumption(step: opened.facts.step, at: time.ISO8601Format(), version: version, ranks: ranks, hosts: hosts)
      ]
  }
}

/// The networks of a training as they are written.
struct Models<Scalar: Real> {
  let teacher: ModelFile<Scalar>
  let student: ModelFile<Scalar>?

  init(_ loop: TrainingLoop<Scalar>, scaling: String) {
    func model(_ step: TrainingStep<Scalar>) -> ModelFile<Scalar> {
      ModelFile(network: step.network, parameters: step.parameters, scaling: scaling)
    }
    teacher = model(loop.step)
    student = (loop.learning?.student?.step).map(model)
  }

  /// What their files say beside the tensors.
  var metadata: [CollectedState.File: [String: String]] {
    var metadata = [CollectedState.File.model: teacher.metadata]
    metadata[.student] = student?.metadata
    return metadata
  }
}

extension OpenedRun {
  /// A checkpoint that a rank has at hand, for all of them. Collective.
  init(_ checkpoint: Checkpoint?, folder: RunFolder, on ranks: borrowing Communicator) throws {
    var facts = Facts(folder: folder.path)
    if let checkpoint {
      (facts.index, facts.step) = (RestoredState.Index(checkpoint.tensors), checkpoint.state.step)
    }
    self.init(facts: try ranks.shared(facts, from: 0), lock: nil, source: Source(checkpoint), manifest: nil)
  }
}
