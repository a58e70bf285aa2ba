public import Kernels

/// (M19) How the weights and biases of dense layers get their first values; γ and β of batch normalisation start at 1
/// and 0.
public enum Initialization: String, Codable, CaseIterable, Sendable {
  /// Uniform in (−1/√inputs, 1/√inputs), weights and biases, as in the paper.
  case uniform
  /// Normal with variance 1/inputs, biases 0.
  case normal
  /// Normal with variance 2/inputs, biases 0.
  case he
  /// Normal with variance 2/(inputs + outputs), biases 0.
  case xavier
}

extension Network {
  /// New parameters, the same for every rank and number of ranks: each is addressed by (seed, layer, index in layer).
  ///
  /// They are drawn in Double and rounded, so that both precisions start at the same point.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func initialParameters(_ initialization: Initialization, seed: UInt64) -> Arena<Scalar> {
    let arena = Arena<Scalar>(count: layout.count)
    for block in layout.blocks {
      guard case .drawn(let fanIn, let fanOut) = block.start else {
        if case .value(let value) = block.start { arena.all[block.range].fill(Scalar(value)) }
        continue
      }
      let stream = RandomStream(seed: seed, .initialization, block.address)
      let (inputs, outputs) = (Double(max(1, fanIn)), Double(fanOut))
      for k in block.range {
        let index = k - block.layerStart
        let value: Double =
          switch (initialization, block.role == .weight) {
          case (.uniform, _): (2 * stream.uniform(index) - 1) / inputs.squareRoot()
          case (_, false): 0
          case (.normal, true): stream.normal(index) / inputs.squareRoot()
          case (.he, true): stream.normal(index) * (2 / inputs).squareRoot()
          case (.xavier, true): stream.normal(index) * (2 / (inputs + outputs)).squareRoot()
          }
        arena.all[k] = Scalar(value)
      }
    }
    return arena
  }
}

extension RandomStream {
  /// The stream of a layer.
  init(seed: UInt64, _ purpose: Purpose, _ address: LayerAddress) {
    self = RandomStream(seed: seed, purpose, address.number)
    for number in address.path.dropFirst() { self = substream(number) }
  }

  /// The stream of a layer within this one.
  func substream(_ address: LayerAddress) -> RandomStream {
    address.path.reduce(self) { $0.substream($1) }
  }
}
