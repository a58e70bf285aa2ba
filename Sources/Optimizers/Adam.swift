internal import Kernels

/// (M17) m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², Δw = −α m̂/(√v̂ + ε), where g = Ẇ + ∇R, m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ).
public struct Adam: Equatable, Sendable {
  /// β₁.
  public var momentum: Double
  /// β₂.
  public var decay: Double
  /// ε, added outside the root.
  public var epsilon: Double

  public init(momentum: Double = 0.9, decay: Double = 0.999, epsilon: Double = 1e-8) {
    (self.momentum, self.decay, self.epsilon) = (momentum, decay, epsilon)
  }

  @inline(__always)
  func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>, rate: Double
  ) -> StepLoop<RMSprop.Formula<Scalar>, StoredAverage<Scalar>, StoredAverage<Scalar>> {
    let formula = RMSprop.Formula(rate: Scalar(rate), epsilon: Scalar(epsilon))
    return StepLoop(
      formula, block.firstAverage(decay: momentum), block.secondAverage(decay: decay), block: block)
  }
}
