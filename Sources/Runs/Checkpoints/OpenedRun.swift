internal import Foundation
package import Kernels
internal import MPI
package import Ranks
package import RunRecords

/// A run folder that this job has opened, and its content so far.
package struct OpenedRun {
  /// The facts that all ranks have.
  struct Facts: Codable {
    var folder: String
    /// The result of a finished run: no steps are left.
    var finished: RunResult?
    /// The index of the checkpoint from which the run continues.
    var index: RestoredState.Index?
    var step = 0
    var seconds = 0.0
    var metricsBytes = 0
    var cycles: [ReweightResult.Cycle] = []
  }

  /// Holds a checkpoint until it has been used, then releases it: it is as large as the training.
  final class Source {
    private(set) var checkpoint: Checkpoint?

    init(_ checkpoint: Checkpoint?) { self.checkpoint = checkpoint }

    /// The checkpoint's tensors; later calls return nothing.
    func take() -> [CollectedState.File: [SafetensorsTensor]] {
      defer { checkpoint = nil }
      return checkpoint?.tensors ?? [:]
    }
  }

  let facts: Facts
  /// On rank 0: while this lock lives, no other job writes to the folder.
  let lock: RunLock?
  /// The checkpoint on rank 0, until its state has been restored.
  let source: Source
  /// The folder's manifest, on rank 0.
  let manifest: Manifest?

  var folder: RunFolder { RunFolder(path: facts.folder) }
}

extension OpenedRun {
  /// Shares a checkpoint in the memory of rank 0 with all ranks. Collective.
  package init(_ checkpoint: Checkpoint?, folder: RunFolder, on ranks: RankGroup) throws {
    var facts = Facts(folder: folder.path)
    if let checkpoint {
      (facts.index, facts.step) = (RestoredState.Index(checkpoint.tensors), checkpoint.state.step)
    }
    self.init(facts: try ranks.shared(facts, from: 0), lock: nil, source: Source(checkpoint), manifest: nil)
  }
}

extension OpenedRun {
  /// Calls `body` with the state of the checkpoint, all of which `body` must take; does nothing where there is no
  /// checkpoint. Collective.
  ///
  /// - Throws: `AgreedFailure` where the state belongs to another training.
  package func restore(on world: RankGroup, _ body: (any StateExchange) throws -> Void) throws {
    guard let index = facts.index else { return }
    do {
      try restore(index, { bytes in try world.broadcast(bytes, from: 0) }, body)
    } catch let mismatch as StateMismatch {
      // Every rank has found the same mismatch.
      throw AgreedFailure(
        code: ExitCode.usage, message: "\(folder.checkpoints)/step-\(facts.step) does not fit the settings: \(mismatch)"
      )
    }
  }

  private func restore(
    _ index: RestoredState.Index, _ share: ([UInt8]) throws -> [UInt8], _ body: (any StateExchange) throws -> Void
  ) throws {
    try withoutActuallyEscaping(share) { share in
      let state = RestoredState(index, tensors: source.take(), share: share)
      try body(state)
      try state.finish()
    }
  }

  /// The writer of the run's metrics from this position on; on rank 0.
  func metrics() throws(RunRecordError) -> MetricsWriter {
    facts.index == nil
      ? try MetricsWriter(path: folder.metrics)
      : try MetricsWriter(continuing: folder.metrics, after: facts.metricsBytes)
  }
}

extension Manifest {
  /// Copies the lasting entries from the manifest of a run that continues.
  mutating func goOn(from opened: OpenedRun, at time: Date) {
    guard opened.facts.index != nil else { return }
    if let old = opened.manifest { (started, preset, resumptions) = (old.started, old.preset, old.resumptions) }
    resumptions =
      (resumptions ?? []) + [
        Resumption(step: opened.facts.step, at: time.ISO8601Format(), version: version, ranks: ranks, hosts: hosts)
      ]
  }
}
