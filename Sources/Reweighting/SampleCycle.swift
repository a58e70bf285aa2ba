internal import Kernels
internal import Training

/// Minibatches of a set of samples, pass after pass, each pass in an order addressed by (seed, purpose, pass): the same on
/// every rank and for every number of them.
struct SampleCycle {
  /// The samples of a minibatch.
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

  /// The next minibatch, as positions in the set. What is left of a pass when less than a minibatch remains is left out.
  mutating func advance() -> [Int32] {
    let count = order.positions.count
    if next + batch > count {
      // A minibatch of all samples is the same in every order.
      if batch < count { order.shuffle(epoch: pass) }
      (pass, next) = (pass + 1, 0)
    }
    defer { next += batch }
    return Array(order.positions[next..<next + batch])
  }
}

extension SampleCycle: Resumable {
  /// Where it is. The order of a pass is addressed by the pass: it is drawn again, and there is nothing to keep.
  mutating func exchange(with state: any StateExchange) throws {
    try state.number("pass", &pass)
    try state.number("next", &next)
    guard pass >= 0, (0...order.positions.count).contains(next) else {
      throw StateMismatch("\(state.prefix)next is \(next) in pass \(pass) of \(order.positions.count) samples")
    }
    if state.isTaking, pass > 0, batch < order.positions.count { order.shuffle(epoch: pass - 1) }
  }
}
