internal import Kernels

/// (M17) Gradient descent along the average of past gradients: v ← β v + (1 − β) g, Δw = −α v/(1 − βᵗ), where g = Ẇ + ∇R.
///
/// Others average without the factor 1 − β and without correction, b ← β b + g, Δw = −α b: the same direction, 1/(1 − β)
/// times as long after many steps.
public struct Momentum: Equatable, Sendable {
  /// β.
  public var decay: Double

  public init(decay: Double = 0.9) {
    self.decay = decay
  }

  @inline(__always)
  func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>, rate: Double
  ) -> StepLoop<SGD.Formula<Scalar>, StoredAverage<Scalar>, LatestSample<Scalar>> {
    let average = block.firstAverage(decay: decay)
    return StepLoop(SGD.Formula(rate: Scalar(rate)), average, LatestSample(), block: block)
  }
}
