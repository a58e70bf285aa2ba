internal import CKernels

/// A step of the weights that the product kernel takes while it forms the sums Ẇ and Ẅ, see `moveByProducts`. The step
/// of a weight depends only on that weight and its own Ẇ and Ẅ.
///
/// With Ẅ the step is (M11): w ← w − λ g/(Ẅ/S + base); w does not change where the denominator is 0. Without Ẅ the step
/// is plain gradient descent, w ← w − λ g. In both cases g = Ẇ/S + ρ₂ w + ρ₁ sgn w.
public struct WeightStep<Scalar: Real> {
  /// α or λ.
  public let rate: Scalar
  /// 1/S.
  public let perSample: Scalar
  /// ρ₂ and ρ₁ of (M2).
  public let l2, l1: Scalar
  /// The number that is added to Ẅ/S.
  public let base: Scalar

  public init(rate: Scalar, perSample: Scalar, l2: Scalar, l1: Scalar, base: Scalar) {
    (self.rate, self.perSample, self.l2, self.l1, self.base) = (rate, perSample, l2, l1, base)
  }

  /// (M32) The same step where Ẅ is 2^exponent times its sums.
  public func dividing(byPowerOfTwo exponent: Int) -> WeightStep {
    if exponent == 0 { return self }
    var limit = exponent
    if exponent < 0, base > 0, base.isFinite {
      // Where the base would leave the type's range with this exponent, Ẅ is nothing beside it, and stays so with another.
      limit = max(exponent, Int(base.exponent) - Int(Scalar.greatestFiniteMagnitude.exponent) * 3 / 4)
    }
    let scale = Scalar.power(ofTwo: -limit)
    return WeightStep(
      rate: min(rate * scale, .greatestFiniteMagnitude), perSample: perSample, l2: l2, l1: l1, base: base * scale)
  }

  /// The largest number of samples for such a step; with more samples it would save no time.
  public static var mostSamples: Int { Int(MATRIX_STEP_TERMS) }
}
