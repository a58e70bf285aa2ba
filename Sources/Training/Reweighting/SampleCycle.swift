internal import Kernels

/// Minibatches of a set of samples, pass after pass, each pass in an order addressed by (seed, purpose, pass): the same on
/// every rank and for every number of them.
struct SampleCycle {
  /// The samples of a minibatch.
  let batch: Int
  private let seed: UInt64
  private let purpose: RandomStream.Purpose
  private var pass = 0
  private var next = 0
  /// The positions in the set in the order of the present pass.
  private var positions: [Int32]

  init(seed: UInt64, _ purpose: RandomStream.Purpose, count: Int, batch: Int) {
    precondition(count > 0 && batch > 0, "a cycle needs samples")
    (self.seed, self.purpose, self.batch) = (seed, purpose, min(batch, count))
    positions = Array(0..<Int32(count))
    // The first minibatch begins a pass.
    next = count
  }

  /// The next minibatch, as positions in the set. What is left of a pass when less than a minibatch remains is left out.
  mutating func advance() -> [Int32] {
    if next + batch > positions.count {
      // A minibatch of all samples is the same in every order.
      if batch < positions.count {
        for k in positions.indices { positions[k] = Int32(k) }
        RandomStream(seed: seed, purpose, pass).shuffle(&positions)
      }
      (pass, next) = (pass + 1, 0)
    }
    defer { next += batch }
    return Array(positions[next..<next + batch])
  }
}
