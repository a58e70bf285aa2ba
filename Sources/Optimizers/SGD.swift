internal import Kernels

/// (M17) Stochastic gradient descent: Δw = −α g, where g = Ẇ + ∇R.
struct SGD {
  @inline(__always)
  func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>, rate: Double
  ) -> StepLoop<Formula<Scalar>, LatestSample<Scalar>, LatestSample<Scalar>> {
    StepLoop(Formula(rate: Scalar(rate)), LatestSample(), LatestSample(), block: block)
  }

  /// α m; m is the gradient here and an average of gradients in ``Momentum``.
  struct Formula<Scalar: Real>: StepFormula {
    let rate: Scalar

    @inline(__always) func step(_ m: Scalar, _ v: Scalar) -> Scalar { rate * m }
  }
}
