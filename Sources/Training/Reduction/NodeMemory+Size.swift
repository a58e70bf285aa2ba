internal import Kernels
internal import Networks
private import Optimizers

/// How much memory the ranks of a machine share.
extension NodeMemory {
  static func sharing(_ draft: TrainingDraft<Scalar>, rank: Int, ranks: Int) -> Sharing {
    let optimizer = draft.configuration.optimizer
    return Sharing(
      rank: rank, ranks: ranks, samples: draft.capacity, rows: ranks * draft.capacity,
      bound: optimizer.rule.needsCurvature ? optimizer.bound : nil)
  }

  /// The numbers of parameters, inputs and signals, each in whole cache lines.
  static func counts(_ network: Network<Scalar>, _ sharing: Sharing) -> [Int] {
    [network.layout.count, sharing.rows * network.inputs, network.sharedCount(sharing)].map { ($0 + 15) / 16 * 16 }
  }

  /// The bytes of the window of a machine with so many ranks.
  static func byteCount(_ draft: TrainingDraft<Scalar>, ranks: Int) -> Int {
    counts(draft.network, sharing(draft, rank: 0, ranks: ranks)).reduce(0, +) * MemoryLayout<Scalar>.stride
  }
}
