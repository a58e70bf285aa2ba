package import Kernels

/// The order of a set of samples in each pass over it: a permutation addressed by (seed, purpose, pass), never by ranks.
package struct EpochOrder {
  private let seed: UInt64
  private let purpose: RandomStream.Purpose
  /// Positions in the set.
  package private(set) var positions: [Int32]

  package init(seed: Int, _ purpose: RandomStream.Purpose = .shuffle, count: Int) {
    (self.seed, self.purpose) = (UInt64(seed), purpose)
    positions = Array(0..<Int32(count))
  }

  /// Puts the positions into the order of an epoch, in place.
  package mutating func shuffle(epoch: Int) {
    for k in positions.indices { positions[k] = Int32(k) }
    RandomStream(seed: seed, purpose, epoch).shuffle(&positions)
  }
}
