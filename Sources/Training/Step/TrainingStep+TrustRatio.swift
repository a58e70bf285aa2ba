internal import Kernels
private import Networks
internal import Optimizers

/// (M15) and its measurements: the minibatch, and its losses before and after a step.
struct TrustRatioTest {
  var ratio: TrustRatio
  /// The identifiers that address the dropout masks of the minibatch's rows.
  var ids: [Int32] = []
  /// The losses before and after the step, as sums over the samples.
  let losses = SampleSums<Double>(count: 2)
  /// The actual and the predicted decrease of J.
  let decreases = Arena<Double>(count: 2)

  /// - Parameter capacity: the most rows of a minibatch.
  init(_ ratio: TrustRatio, capacity: Int) {
    self.ratio = ratio
    ids.reserveCapacity(capacity)
  }

  mutating func keep(_ ids: Span<Int32>) {
    self.ids.removeAll(keepingCapacity: true)
    for row in ids.indices { self.ids.append(ids[row]) }
  }
}

extension TrainingStep {
  /// Whether the trust ratio of the present step is tested.
  var isTested: Bool { trustRatio?.ratio.isDue(step: steps) ?? false }

  /// (M15) for the step from ``before`` to the present parameters. All ranks take the numbers of rank 0, so that they
  /// decide alike even where their processors differ in the last bit.
  func testTrustRatio(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let test = trustRatio, let before else { return }
    var pass = Pass.training(seed: settings.seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      reduction.ownInputs, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: test.ids.span,
      over: ranks)
    try addLosses(test.losses, over: ranks)
    func objective(_ loss: Double, _ parameters: Arena<Scalar>) -> Double {
      loss / Double(minibatch.samples) + settings.regularization.value(parameters.all, network.layout)
    }
    let decreases = test.decreases.all
    let actual = objective(test.losses.values[0], before) - objective(test.losses.values[1], parameters)
    let predicted = predictedDecrease(
      from: before.all, to: parameters.all, sums: statistics, samples: minibatch.samples,
      regularization: settings.regularization, layout: network.layout)
    decreases[0] = ranks.rank == 0 ? actual : 0
    decreases[1] = ranks.rank == 0 ? predicted : 0
    try ranks.sum(decreases)
    // J before the step is finite; otherwise the step would not have been taken.
    let isFinite = decreases[0].isFinite
    if trustRatio?.ratio.adapt(actual: decreases[0], predicted: decreases[1], isFinite: isFinite) == .undo {
      parameters.all.copy(from: before.all)
      wasUndone = true
    }
  }

  /// Adds up the losses of the last statistics, and the losses of the last forward pass.
  private func addLosses(_ losses: SampleSums<Double>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    func lossAfter(_ rows: Range<Int>) -> Double {
      network.loss(settings.loss, targets: ownTargets, weights: rowWeights, rows: rows)
    }
    if let tree = ranks.lanes {
      losses.reserve(tree)
      for (number, subtree) in tree.subtrees.enumerated() {
        losses.subtree(number)[0] = tree.sum(subtree) { network.laneLosses[$0 - tree.own.lowerBound] }
        losses.subtree(number)[1] = tree.sum(subtree) { lane in
          lossAfter(tree.rows(of: lane..<lane + 1, samples: minibatch.samples))
        }
      }
    } else {
      losses.values[1] = lossAfter(0..<minibatch.rows)
    }
    try losses.addUp(over: ranks)
  }
}
