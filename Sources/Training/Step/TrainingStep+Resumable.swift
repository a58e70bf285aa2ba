public import Kernels
private import Networks
private import Optimizers
internal import Ranks

extension TrainingStep: Resumable {
  /// Parameters and averages, the trust ratio's λ, and the number of steps, which Ẅ and the trust ratio are due by. The
  /// statistics and what else a step writes belong to that step; dropout masks are addressed by (seed, epoch, sample).
  ///
  /// Collective on a machine whose ranks share the parameters: each has the averages of its part, the checkpoint all.
  public func exchange(with state: any StateExchange) throws {
    try exchangeParameters(with: state)
    try state.number("steps", &steps)
    try state.number("learningRate", &learningRate)
    try state.part("trustRatio") { try trustRatio?.ratio.exchange(with: $0) }
    try reduction.whole(state).part("optimizer", self.state.exchange)
  }

  private func exchangeParameters(with state: any StateExchange) throws {
    let blocks = network.layout.blocks.map { StateBlock(name: $0.name, shape: $0.shape, range: $0.range) }
    guard state.isTaking else { return try state.parameters(blocks, parameters.all) }
    // All ranks have heard them before one writes to the one copy.
    let heard = Arena<Scalar>(count: parameters.count)
    try state.parameters(blocks, heard.all)
    try restoreParameters(from: heard)
  }
}
