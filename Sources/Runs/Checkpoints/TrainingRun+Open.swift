private import BLAS
internal import Configurations
private import Datasets
internal import Foundation
internal import Kernels
internal import MPI
private import Networks
private import Optimizers
internal import Ranks
package import RunRecords
package import Training

/// How a run begins: as a new run, or from a checkpoint.
public enum Resumption: Equatable, Sendable {
  /// From the newest complete checkpoint of a run folder.
  case run(String)
  /// The same where the run with this name has a checkpoint; otherwise a new run.
  case automatic
}

extension TrainingRun {
  /// Creates the run's folder, or opens it for the remaining steps. Collective.
  ///
  /// - Parameter note: called on rank 0 with messages for the user.
  /// - Throws: `AgreedFailure` where the folder belongs to a running job, or to a different run.
  func open(
    _ about: CheckpointState, started: Date, on world: RankGroup,
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

  /// The settings of a run so far: those of its checkpoint; without a checkpoint those in its folder.
  private func writtenSettings(_ checkpoint: Checkpoint?, _ folder: RunFolder) throws -> Configuration? {
    if let checkpoint {
      return try ConfigurationSource.written(checkpoint.state.configuration, path: checkpoint.path + "/state.json")
    }
    return FileManager.default.contents(atPath: folder.configuration).flatMap {
      try? ConfigurationSource.written(String(decoding: $0, as: UTF8.self), path: folder.configuration)
    }
  }

  /// Checks that the rest of a run belongs to the same training.
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

  /// The record of the run in its checkpoints.
  package func about(_ problem: LearningProblem, ranks: Int) throws -> CheckpointState {
    CheckpointState(
      version: version, command: learnsWeights ? "reweight" : "train", ranks: ranks,
      configuration: try configuration.yaml(),
      data: problem.split.digest,
      platform: CheckpointState.Platform(
        blas: configuration.blas?.configuration, blasKernel: configuration.blas?.coreName, mpi: MPILibrary.version,
        loops: "\(InstructionSet.best)"))
  }
}
