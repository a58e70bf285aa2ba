internal import CKernels

/// A step that weights take where their sums Ẇ and Ẅ are formed, see `moveByProducts`: it depends on no other number than a
/// weight's own.
///
/// With Ẅ that is (M11): w ← w − λ g/(Ẅ/S + base), and w stays where the denominator is 0. Without it is plain gradient
/// descent, w ← w − λ g. In both g = Ẇ/S + ρ₂ w + ρ₁ sgn w.
public struct WeightStep<Scalar: Real> {
  /// α or λ.
  public let rate: Scalar
  /// 1/S.
  public let perSample: Scalar
  /// ρ₂ and ρ₁ of (M2).
  public let l2, l1: Scalar
  /// What is added to Ẅ/S.
  public let base: Scalar

  public init(rate: Scalar, perSample: Scalar, l2: Scalar, l1: Scalar, base: Scalar) {
    (self.rate, self.perSample, self.l2, self.l1, self.base) = (rate, perSample, l2, l1, base)
  }

  /// The most samples whose sums a step can be taken of; with more of them it gains nothing.
  public static var mostSamples: Int { Int(MATRIX_STEP_TERMS) }
}
