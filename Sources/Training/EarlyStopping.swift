internal import Kernels

/// Keeps the parameters with the least validation loss, and says when it has not fallen for too long.
struct EarlyStopping<Scalar: Real> {
  /// The epochs without a new least loss after which training stops.
  let patience: Int
  /// The epoch of the least loss, counted from 1; 0 before the first.
  private(set) var bestEpoch = 0
  private(set) var bestLoss = Double.infinity
  /// The parameters of ``bestEpoch``.
  private let best: Arena<Scalar>

  init(patience: Int, parameters: Arena<Scalar>) {
    self.patience = patience
    best = Arena(count: parameters.count)
    best.all.copy(from: parameters.all)
  }

  /// Takes note of an epoch's validation loss; one that is not a number is no improvement.
  ///
  /// - Returns: whether to stop.
  mutating func judge(epoch: Int, loss: Double, parameters: Arena<Scalar>) -> Bool {
    if loss < bestLoss {
      (bestEpoch, bestLoss) = (epoch, loss)
      best.all.copy(from: parameters.all)
    }
    return epoch - bestEpoch >= patience
  }

  /// Puts the best parameters back.
  func restore(_ parameters: Arena<Scalar>) { parameters.all.copy(from: best.all) }
}
