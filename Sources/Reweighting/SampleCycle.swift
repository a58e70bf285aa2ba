internal import Kernels
internal import Training

/// Minibatches of a set of samples, in pass after pass. The order of each pass is addressed by (seed, purpose, pass):
/// it is the same on every rank and for every number of ranks.
struct SampleCycle {
  /// The number of samples in a minibatch.
  let batch: Int
  private var order: EpochOrder
  private var pass = 0
  private var next: Int

  init(seed: Int, _ purpose: RandomStream.Purpose, count: Int, batch: Int) {
    precondition(count > 0 && batch > 0, "a cycle needs samples")
    self.batch = min(batch, count)
    order = EpochOrder(seed: seed, purpose, count: count)
    // The first minibatch begins a pass.
    next = count
  }

  /// The next minibatch, as positions in the set. Samples that do not fill a minibatch at the end of a pass are left
  /// out.
  mutating func advance() -> [Int32] {
    let count = order.positions.count
    if next + batch > count {
      // A minibatch of all samples is the same set in every order.
      if batch < count { order.shuffle(epoch: pass) }
      (pass, next) = (pass + 1, 0)
    }
    defer { next += batch }
    return Array(order.positions[next..<next + batch])
  }
}

extension SampleCycle: Resumable {
  /// The present pass and position. The order of a pass is addressed by the pass, so it can be computed again and is
  /// not saved.
  mutating func exchange(with state: any StateExchange) throws {
    try state.number("pass", &pass)
    try state.number("next", &next)
    guard pass >= 0, (0...order.positions.count).contains(next) else {
      throw StateMismatch("\(state.prefix)next is \(next) in pass \(pass) of \(order.positions.count) samples")
    }
    if state.isTaking, pass > 0, batch < order.positions.count { order.shuffle(epoch: pass - 1) }
  }
}
