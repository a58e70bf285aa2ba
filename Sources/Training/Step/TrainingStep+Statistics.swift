private import Datasets
public import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

extension TrainingStep {
  /// Computes Ẇ, the loss and, where it is due, Ẅ of a global minibatch; changes no parameters except running averages.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of the minibatch, possibly empty.
  ///   - samples: the size of the global minibatch.
  ///   - epoch: addresses the dropout masks, with the seed and the positions.
  /// - Returns: the mean loss of the global minibatch at the current parameters, with its weights, without R; the same
  ///   on every rank.
  public func computeStatistics(
    _ positions: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    try computeStatistics(ids: positions, samples: samples, epoch: epoch, over: ranks) { x, t, rowWeights in
      if let weights = minibatch.weights, let rowWeights {
        for row in positions.indices { rowWeights[row] = weights[Int(positions[row])] }
      }
      problem.fill(problem.split.training, positions, inputs: x, targets: t)
    }
  }

  /// Computes the same for samples that the caller provides.
  ///
  /// - Parameters:
  ///   - ids: the identifiers that address the dropout masks of this rank's rows, one for each row.
  ///   - fill: writes this rank's rows of inputs and targets and, where the step has weights, the rows' weights.
  package func computeStatistics(
    ids: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable,
    fill: (_ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ weights: Vector<Scalar>?) -> Void
  ) throws -> Double {
    precondition(ranks.lanes?.lanes == settings.lanes, "the sums of a reproducible training are those of its lanes")
    (minibatch.samples, minibatch.rows, minibatch.epoch) = (samples, ids.count, epoch)
    if isTested { tested?.keep(ids) }
    hasCurvature = settings.curvature?.isDue(step: steps) ?? false
    reduction.begin(samples: samples, rows: ids.count)
    movesWithSums =
      !keepsSumsInMemory && rest != nil && reduction.formsAllSums(ranks: ranks.ranks)
      && (1...WeightStep<Scalar>.mostSamples).contains(reduction.summedInputs.rows)
    let (x, t) = (reduction.ownInputs, ownTargets)
    fill(x, t, rowWeights)
    switch gradient {
    case .backpropagation:
      let own = try backpropagate(x, t, ids, over: ranks)
      tested?.ownLoss = own
      let loss = try reduction.addUp(
        settings.bound, hasCurvature: hasParameterCurvature, leavingSeparable: movesWithSums, loss: own, over: ranks)
      if hasCurvature { try unitSums?.form(network, x, samples: samples, over: ranks) }
      return loss / Double(samples)
    case .finiteDifference(let step):
      return try addUp(rows: ids.count, over: ranks) { rows, wDot in
        network.finiteDifferenceGradient(
          inputs: x[rows], targets: t[rows], parameters: parameters.all, loss: settings.loss, step: step, into: wDot)
      }
    case .layerTargets(let recursion):
      return try addUp(rows: ids.count, over: ranks) { rows, wDot in
        recursion.gradient(inputs: x[rows], targets: t[rows], parameters: parameters.all, into: wDot)
      }
    }
  }

  /// Forms Ẇ and the loss of this rank's rows, and adds them up.
  ///
  /// - Parameter form: overwrites Ẇ with the sums over some rows and returns the rows' loss.
  /// - Returns: the mean loss of the global minibatch.
  private func addUp(
    rows: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ form: (Range<Int>, Vector<Scalar>) -> Double
  ) throws -> Double {
    let count = network.layout.count
    try reduction.sums.firstOrder.add(rows: rows, samples: minibatch.samples, over: ranks) { rows, sums in
      sums[count] = Scalar(form(rows, sums[0..<count]))
    }
    return reduction.sums.loss / Double(minibatch.samples)
  }

  /// This rank's rows of targets, and their weights.
  var ownTargets: Matrix<Scalar> { minibatch.targets?.prefix(minibatch.rows) ?? reduction.ownInputs }
  var rowWeights: Vector<Scalar>? { minibatch.rowWeights?[0..<minibatch.rows] }

  private func backpropagate(
    _ x: Matrix<Scalar>, _ t: Matrix<Scalar>, _ ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    var pass = Pass.training(seed: settings.seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = reduction.updatesRunningAverages
    pass.preparation = hasCurvature ? .statistics : .gradient
    pass.partition = settings.curvature?.partition ?? .weight
    if hasCurvature {
      network.chooseExponents(parameters.all, pass: pass, bound: settings.bound, atStep: steps)
    }
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: ids, over: ranks)
    return try network.addStatistics(
      inputs: x, targets: t, parameters: parameters.all, loss: settings.loss, partition: settings.lossPartition,
      bound: settings.bound, weights: rowWeights, into: reduction.sums.all,
      at: reduction.sums.place(hasCurvature: hasCurvature), samples: minibatch.samples,
      leavingSeparable: movesWithSums, over: ranks)
  }

  /// Ẇ and Ẅ of the last minibatch.
  var statistics: StatisticsSlice<Scalar> { reduction.statistics(hasCurvature: hasParameterCurvature) }

  /// Whether the last statistics have Ẅ of any parameter.
  var hasParameterCurvature: Bool { hasCurvature && (unitSums?.leavesOthers ?? true) }
}
