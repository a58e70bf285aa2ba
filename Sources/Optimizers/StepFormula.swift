internal import Kernels

/// What an optimizer computes for one parameter; the loop around it is ``StepLoop``.
protocol StepFormula<Scalar> {
  associatedtype Scalar: Real

  /// What the second average takes up at element `k`: g² or Ẅ.
  func secondSample(_ k: Int, gradient: Scalar) -> Scalar

  /// −Δw from the averages m̂ and v̂, which are corrected for bias; without an average, g and the second sample. Linear in m̂.
  func step(_ m: Scalar, _ v: Scalar) -> Scalar
}

extension StepFormula {
  func secondSample(_ k: Int, gradient: Scalar) -> Scalar { 0 }
}
