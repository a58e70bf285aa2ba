private import Datasets
public import Kernels
internal import Networks
internal import Ranks

extension TrainingStep {
  /// Computes Ẇ, the loss and, where it is due, Ẅ of a global minibatch; parameters stay, but for running averages.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of the minibatch, possibly empty.
  ///   - samples: the size of the global minibatch.
  ///   - epoch: addresses the dropout masks, with the seed and the positions.
  /// - Returns: the mean loss of the global minibatch at the current parameters, with its weights, without R; the same on
  ///   every rank.
  public func computeStatistics(
    _ positions: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    try computeStatistics(ids: positions, samples: samples, epoch: epoch, over: ranks) { x, t, rowWeights in
      if let weights, let rowWeights {
        for row in positions.indices { rowWeights[row] = weights[Int(positions[row])] }
      }
      problem.fill(problem.split.training, positions, inputs: x, targets: t)
    }
  }

  /// The same for samples that the caller gives.
  ///
  /// - Parameters:
  ///   - ids: what the dropout masks of this rank's rows are addressed by, one for each.
  ///   - fill: writes this rank's rows of inputs and targets and, where the step has them, their weights.
  package func computeStatistics(
    ids: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable,
    fill: (_ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ weights: Vector<Scalar>?) -> Void
  ) throws -> Double {
    precondition(ranks.lanes?.lanes == lanes, "the sums of a reproducible training are those of its lanes")
    minibatch = (samples, ids.count, epoch)
    if isJudged {
      positions.removeAll(keepingCapacity: true)
      for row in ids.indices { positions.append(ids[row]) }
    }
    hasCurvature = curvatureEvery.map { steps % $0 == 0 } ?? false
    memory?.place(samples: samples)
    movesWithSums =
      !keepsSumsInMemory && rest != nil && memory?.hasAllSums ?? (ranks.ranks == 1)
      && (1...WeightStep<Scalar>.mostSamples).contains(memory?.rows ?? ids.count)
    let x = ownInputs(ids.count)
    let t = targets.isSameMemory(as: inputs) ? x : targets.prefix(ids.count)
    fill(x, t, rowWeights?[0..<ids.count])
    switch gradient {
    case .backpropagation:
      let total = try backpropagate(x, t, ids, over: ranks)
      if let memory {
        let loss = try memory.formSums(
          bound, leavingSeparable: movesWithSums, into: statistics, loss: Scalar(total), over: ranks)
        return Double(loss) / Double(samples)
      }
      losses.values[0] = total
      try addUp(over: ranks)
    case .finiteDifference(let step):
      try addUp(rows: ids.count, over: ranks) { rows, wDot in
        network.finiteDifferenceGradient(
          inputs: x[rows], targets: t[rows], parameters: parameters.all, loss: loss, step: step, into: wDot)
      }
    case .layerTargets(let recursion):
      try addUp(rows: ids.count, over: ranks) { rows, wDot in
        recursion.gradient(inputs: x[rows], targets: t[rows], parameters: parameters.all, into: wDot)
      }
    }
    return Double(sums.values[sums.values.count - 1]) / Double(samples)
  }

  /// Forms Ẇ and the loss of this rank's rows, and adds them up.
  ///
  /// - Parameter form: overwrites Ẇ by that of some rows; gives their loss.
  private func addUp(
    rows: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ form: (Range<Int>, Vector<Scalar>) -> Double
  ) throws {
    let count = network.layout.count
    try firstOrder.add(rows: rows, samples: minibatch.samples, over: ranks) { rows, sums in
      sums[count] = Scalar(form(rows, sums[0..<count]))
    }
  }

  /// This rank's rows of the minibatch.
  func ownInputs(_ rows: Int) -> Matrix<Scalar> {
    guard let memory else { return inputs.prefix(rows) }
    precondition(rows == memory.ownRows.count, "ranks that share memory get their shards of the minibatch")
    return inputs[memory.ownRows]
  }

  /// The sums of all ranks: in one reduction, but where Ẅ travels with fewer bits.
  private func addUp(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard hasCurvature, let exchange, let curvature = wDDot as? Vector<Float> else {
      return try sums.addUp(hasCurvature ? nil : network.layout.count..<sums.values.count, over: ranks)
    }
    try ranks.sum(firstOrder.values)
    try ranks.sumNonNegative(curvature, through: exchange)
  }

  private func backpropagate(
    _ x: Matrix<Scalar>, _ t: Matrix<Scalar>, _ positions: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    var pass = Pass.training(seed: seed, epoch: minibatch.epoch)
    // One copy of the running averages has one writer.
    pass.updatesRunningAverages = memory?.movesOthers ?? true
    pass.preparation = hasCurvature ? .statistics : .gradient
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: positions, over: ranks)
    return try network.addStatistics(
      inputs: x, targets: t, parameters: parameters.all, loss: loss, partition: partition, bound: bound,
      weights: rowWeights?[0..<x.rows], into: sums, at: place, samples: minibatch.samples,
      leavingSeparable: movesWithSums, over: ranks)
  }

  private var wDDot: Vector<Scalar> { sums.values[0..<network.layout.count] }
  private var wDot: Vector<Scalar> { sums.values[network.layout.count..<2 * network.layout.count] }
  /// Of the last statistics.
  var statistics: StatisticsSlice<Scalar> {
    StatisticsSlice(wDot: wDot, wDDot: hasCurvature ? wDDot : nil)
  }
  /// Where the last statistics lie in ``sums``.
  private var place: StatisticsPlace {
    let count = network.layout.count
    return StatisticsPlace(wDot: count..<2 * count, wDDot: hasCurvature ? 0..<count : nil, loss: 2 * count)
  }
}
