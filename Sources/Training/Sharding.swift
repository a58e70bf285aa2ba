internal import Kernels

/// The part of `range` that rank `rank` of `ranks` computes: contiguous, sizes differ by at most one, empty when there
/// are more ranks than elements.
public func shard(_ range: Range<Int>, rank: Int, of ranks: Int) -> Range<Int> {
  let start = range.lowerBound
  return start + range.count * rank / ranks..<start + range.count * (rank + 1) / ranks
}

extension GlobalSum where Self: ~Copyable {
  /// This rank's part of a range.
  func shard(_ range: Range<Int>) -> Range<Int> { Training.shard(range, rank: rank, of: ranks) }
}

/// The order of the training samples in each epoch: a permutation addressed by (seed, epoch), never by ranks.
struct EpochOrder {
  private let seed: UInt64
  /// Positions in the training set.
  private(set) var positions: [Int32]

  init(seed: Int, count: Int) {
    self.seed = UInt64(seed)
    positions = Array(0..<Int32(count))
  }

  /// Puts the positions into the order of an epoch, in place.
  mutating func shuffle(epoch: Int) {
    for k in positions.indices { positions[k] = Int32(k) }
    RandomStream(seed: seed, .shuffle, epoch).shuffle(&positions)
  }
}
