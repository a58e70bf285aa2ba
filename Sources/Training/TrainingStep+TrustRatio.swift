internal import Kernels
private import Networks
private import Optimizers

/// (M15) of the step that was taken.
extension TrainingStep {
  /// Whether the trust ratio of the present step is looked at.
  var isJudged: Bool { trustRatio?.judges(step: steps) ?? false }

  /// (M15) for the step from ``before`` to the present parameters. Rank 0 judges for all: the others take its numbers, so
  /// that a last bit in which processors differ cannot part them.
  func judge(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let (x, t, ids) = (inputs.prefix(minibatch.rows), targets.prefix(minibatch.rows), positions)
    var pass = Pass.training(seed: seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: ids.span, over: ranks)
    try addLosses(t, over: ranks)
    func objective(_ loss: Double, _ parameters: Arena<Scalar>) -> Double {
      loss / Double(minibatch.samples) + regularization.value(parameters.all, network.layout)
    }
    let actual = objective(losses.values[0], before) - objective(losses.values[1], parameters)
    let predicted = predictedDecrease(
      from: before.all, to: parameters.all, sums: statistics, samples: minibatch.samples,
      regularization: regularization, layout: network.layout)
    decreases.all[0] = ranks.rank == 0 ? actual : 0
    decreases.all[1] = ranks.rank == 0 ? predicted : 0
    try ranks.sum(decreases.all)
    // J before the step is finite, or the step would not have been taken.
    let isFinite = decreases.all[0].isFinite
    if trustRatio?.judge(actual: decreases.all[0], predicted: decreases.all[1], isFinite: isFinite) == .undo {
      parameters.all.copy(from: before.all)
      wasUndone = true
    }
  }

  /// The sums of the losses of the last statistics, and of those at the last forward pass.
  private func addLosses(_ targets: Matrix<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    func lossAfter(_ rows: Range<Int>) -> Double {
      network.loss(loss, targets: targets, weights: rowWeights?[0..<targets.rows], rows: rows)
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
      losses.values[1] = lossAfter(0..<targets.rows)
    }
    try losses.addUp(over: ranks)
  }
}
