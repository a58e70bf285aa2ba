internal import Kernels

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
