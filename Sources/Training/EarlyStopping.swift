internal import Kernels

/// Keeps the parameters with the least validation loss, and tells when that loss has not fallen for too long.
struct EarlyStopping<Scalar: Real> {
  /// The epochs without a new least loss after which training stops.
  let patience: Int
  /// The epoch of the least loss, counted from 1; 0 before the first.
  private(set) var bestEpoch = 0
  private(set) var bestLoss = Double.infinity
  /// This rank's part of the parameters at ``bestEpoch``.
  private let best: Arena<Scalar>

  init(patience: Int, step: TrainingStep<Scalar>) {
    self.patience = patience
    best = Arena(count: step.parameters.count)
    step.keepParameters(in: best)
  }

  /// Notes an epoch's validation loss; a loss that is not a number is no improvement.
  ///
  /// - Returns: whether to stop.
  mutating func hasSettled(epoch: Int, loss: Double, step: TrainingStep<Scalar>) -> Bool {
    if loss < bestLoss {
      (bestEpoch, bestLoss) = (epoch, loss)
      step.keepParameters(in: best)
    }
    return epoch - bestEpoch >= patience
  }

  /// Restores the best parameters. Collective.
  func restore(_ step: TrainingStep<Scalar>) throws { try step.restoreParameters(from: best) }
}

extension EarlyStopping: Resumable {
  mutating func exchange(with state: any StateExchange) throws {
    try state.number("bestEpoch", &bestEpoch)
    try state.number("bestLoss", &bestLoss)
    try state.array("best", best.all)
  }
}
