internal import Kernels
private import Networks
internal import Optimizers

/// What a test of a step needs of its minibatch: how to see it again, and its losses.
struct TestedMinibatch {
  /// The identifiers that address the dropout masks of the minibatch's rows.
  private(set) var ids: [Int32] = []
  /// The loss of this rank's rows in the statistics, as a sum over the samples.
  var ownLoss = 0.0
  /// The losses before and after a step, as sums over the samples.
  let losses = SampleSums<Double>(count: 2)
  /// Numbers on which the ranks decide, those of rank 0.
  let decisive: Vector<Double>

  /// - Parameters:
  ///   - capacity: the most rows of a minibatch.
  ///   - decisive: the most numbers on which the ranks decide at once.
  init(capacity: Int, decisive: Int) {
    ids.reserveCapacity(capacity)
    self.decisive = Arena(count: decisive).all
  }

  mutating func keep(_ ids: Span<Int32>) {
    self.ids.removeAll(keepingCapacity: true)
    for row in ids.indices { self.ids.append(ids[row]) }
  }
}

extension TrainingStep {
  /// Whether the present step is tested: its trust ratio, or its lengths.
  var isTested: Bool {
    trustRatio?.isDue(step: steps) ?? false || state.lengths?.tested(step: steps) != nil
  }

  /// (M15) for the step from ``before`` to the present parameters. All ranks take the numbers of rank 0, so that they
  /// decide alike even where their processors differ in the last bit.
  func testTrustRatio(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard trustRatio != nil, let before, let tested else { return }
    let predicted = predictedDecrease(
      from: before.all, to: parameters.all, sums: statistics, samples: minibatch.samples,
      regularization: settings.regularization, layout: network.layout)
    let regularizationBefore = settings.regularization.value(before.all, network.layout)
    let losses = try testedLosses(over: ranks)
    let regularizationAfter = settings.regularization.value(parameters.all, network.layout)
    tested.decisive[0] = (losses.before + regularizationBefore) - (losses.after + regularizationAfter)
    tested.decisive[1] = predicted
    try decideAlike(2, over: ranks)
    let (actual, ofRankZero) = (tested.decisive[0], tested.decisive[1])
    // J before the step is finite; otherwise the step would not have been taken.
    if trustRatio?.adapt(actual: actual, predicted: ofRankZero, isFinite: actual.isFinite) == .undo {
      parameters.all.copy(from: before.all)
      wasUndone = true
    }
  }

  /// Gives all ranks the first decisive numbers of rank 0. Collective.
  func decideAlike(_ count: Int, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let decisive = tested?.decisive[0..<count] else { return }
    if ranks.rank != 0 { decisive.fill(0) }
    try ranks.sum(decisive)
  }

  /// The mean losses of the minibatch, without R: in the last statistics, and at the present parameters with the same
  /// dropout masks. Collective.
  func testedLosses(over ranks: borrowing some GlobalSum & ~Copyable) throws -> (before: Double, after: Double) {
    guard let tested else { preconditionFailure("a step that is tested keeps its minibatch") }
    var pass = Pass.training(seed: settings.seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      reduction.ownInputs, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: tested.ids.span,
      over: ranks)
    tested.losses.values[0] = tested.ownLoss
    try addLosses(tested.losses, over: ranks)
    let samples = Double(minibatch.samples)
    return (tested.losses.values[0] / samples, tested.losses.values[1] / samples)
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
