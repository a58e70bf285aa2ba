internal import Foundation
package import Kernels
internal import MPI
package import Ranks
package import RunRecords

/// A run folder that belongs to this job, and what it holds already.
package struct OpenedRun {
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
    private(set) var checkpoint: Checkpoint?

    init(_ checkpoint: Checkpoint?) { self.checkpoint = checkpoint }

    /// The checkpoint's tensors, once.
    func take() -> [CollectedState.File: [SafetensorsTensor]] {
      defer { checkpoint = nil }
      return checkpoint?.tensors ?? [:]
    }
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

extension OpenedRun {
  /// A checkpoint that a rank has at hand, for all of them. Collective.
  package init(_ checkpoint: Checkpoint?, folder: RunFolder, on ranks: RankGroup) throws {
    var facts = Facts(folder: folder.path)
    if let checkpoint {
      (facts.index, facts.step) = (RestoredState.Index(checkpoint.tensors), checkpoint.state.step)
    }
    self.init(facts: try ranks.shared(facts, from: 0), lock: nil, source: Source(checkpoint), manifest: nil)
  }
}

extension OpenedRun {
  /// Gives the state in the checkpoint to `body`, which takes all of it; nothing where there is none. Collective.
  ///
  /// - Throws: `AgreedFailure` where it is the state of another training.
  package func restore(on world: RankGroup, _ body: (any StateExchange) throws -> Void) throws {
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
      let state = RestoredState(index, tensors: source.take(), share: share)
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
