internal import Kernels

/// (M17) Steps relative to the gradient's recent size: s ← ρ s + (1 − ρ) g², Δw = −α g/(√s + ε), where g = Ẇ + ∇R.
///
/// s starts at 0 and is not corrected: the first steps are up to 1/√(1 − ρ) times as long as later ones.
public struct RMSprop: Equatable, Sendable {
  /// ρ.
  public var decay: Double
  /// ε, added outside the root.
  public var epsilon: Double

  public init(decay: Double = 0.99, epsilon: Double = 1e-8) {
    (self.decay, self.epsilon) = (decay, epsilon)
  }

  @inline(__always)
  func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>, rate: Double
  ) -> StepLoop<Formula<Scalar>, LatestSample<Scalar>, StoredAverage<Scalar>> {
    let formula = Formula(rate: Scalar(rate), epsilon: Scalar(epsilon))
    let average = block.secondAverage(decay: decay, isCorrected: false)
    return StepLoop(formula, LatestSample(), average, block: block)
  }

  /// α m/(√v + ε); m is the gradient here and an average of gradients in ``Adam``.
  struct Formula<Scalar: Real>: StepFormula {
    let rate: Scalar
    let epsilon: Scalar

    @inline(__always)
    func secondSample(_ k: Int, gradient: Scalar) -> Scalar { gradient * gradient }

    @inline(__always)
    func step(_ m: Scalar, _ v: Scalar) -> Scalar { rate * m / (v.squareRoot() + epsilon) }
  }
}
