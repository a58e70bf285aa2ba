package import Kernels
internal import Networks
private import Optimizers

/// Finds the quantities of a step that are not finite, after a training has diverged. Every answer is the same on every
/// rank.
extension TrainingStep {
  /// Finds an overflow of the statistics in the averages that accumulated them. Collective.
  ///
  /// - Returns: the name of the first layer whose g or A, or else of Ẇ or Ẅ of the first block, in the order of the
  ///   backward pass, whose average is not finite because an update up to now accumulated a non-finite value; nil where
  ///   there is none, and where the optimizer has no averages.
  package func overflowInAverages(over ranks: borrowing some GlobalSum & ~Copyable) throws -> String? {
    if let units = state.units {
      let layers: [UnitLayer] = units.layers.reversed()
      let found = try firstFlag(layers.count, over: ranks) { place in
        let layer = layers[place]
        return !units.averages[layer.curvature].isFinite || !units.averages[layer.moment].isFinite
      }
      if let found { return "the curvature of layers.\(layers[found].address)" }
    }
    let isCurvature = settings.rule.needsCurvature
    return try overflow(
      [
        (isCurvature ? "wDDot" : "the square of wDot", state.second?.all), ("wDot", state.first?.all),
      ], over: ranks)
  }

  /// The first block of parameters that is not finite. Collective.
  func overflowInParameters(over ranks: borrowing some GlobalSum & ~Copyable) throws -> String? {
    try overflow([("", parameters.all)], over: ranks)
  }

  /// Finds Ẇ or Ẅ that are not finite at the present parameters. Collective.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of a minibatch.
  ///   - stepsBefore: the number of updates before the minibatch, which decides whether Ẅ is due.
  func overflowInStatistics(
    _ positions: Span<Int32>, samples: Int, epoch: Int, stepsBefore: Int,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> String? {
    let present = steps
    (steps, keepsSumsInMemory) = (stepsBefore, true)
    defer { (steps, keepsSumsInMemory) = (present, false) }
    _ = try computeStatistics(positions, samples: samples, epoch: epoch, over: ranks)
    return try overflow([("wDDot", statistics.wDDot), ("wDot", statistics.wDot)], over: ranks)
  }

  /// The first layer whose outputs for the last minibatch are not finite at the present parameters; nil where all are
  /// finite. Collective.
  ///
  /// - Parameter ids: the identifiers that address the dropout masks of this rank's rows.
  func overflowInOutputs(_ ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable) throws -> String? {
    let x = reduction.ownInputs
    var pass = Pass.training(seed: settings.seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: ids, over: ranks)
    // A layer that works in place also changes the outputs of the layer below: then the layer below is named.
    let names = network.stepNames
    return try firstFlag(names.count, over: ranks) { !network.value(above: $0, of: x).elements.isFinite }
      .map { "the output of \(names[$0])" }
  }

  /// The name of the first block, from the last block down, in which one of some quantities is not finite.
  ///
  /// - Parameter quantities: their names, and their values in the order of the parameters; nil for a quantity without
  ///   values.
  private func overflow(
    _ quantities: [(name: String, values: Vector<Scalar>?)], over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> String? {
    let blocks: [ParameterLayout.Block] = network.layout.blocks.reversed().filter(\.isTrained)
    let found = try firstFlag(blocks.count * quantities.count, over: ranks) { place in
      let (block, quantity) = place.quotientAndRemainder(dividingBy: quantities.count)
      return quantities[quantity].values.map { !$0[blocks[block].range].isFinite } ?? false
    }
    return found.map { place in
      let (block, quantity) = place.quotientAndRemainder(dividingBy: quantities.count)
      return (quantities[quantity].name.isEmpty ? "" : quantities[quantity].name + " of ") + blocks[block].name
    }
  }

  /// The first of some places that a rank flags; nil where no rank flags any.
  private func firstFlag(
    _ count: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ isFlagged: (Int) -> Bool
  ) throws -> Int? {
    let flags = Arena<Double>(count: count)
    for place in 0..<count where isFlagged(place) { flags.all[place] = 1 }
    try ranks.sum(flags.all)
    return (0..<count).first { flags.all[$0] > 0 }
  }
}

extension Vector {
  /// Whether all elements are finite numbers.
  fileprivate var isFinite: Bool { (0..<count).allSatisfy { self[$0].isFinite } }
}
