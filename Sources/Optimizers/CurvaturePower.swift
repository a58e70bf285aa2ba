internal import Kernels

/// How strongly Ẅ shortens a step.
public enum CurvaturePower: Double, Codable, CaseIterable, Sendable {
  /// m̂/v̂: the minimum of the one-dimensional quadratics (M11).
  case one = 1
  /// m̂/√v̂: Ẅ is a pessimistic bound, and more so for some weights than for others; its root is less unequal.
  case half = 0.5
}

/// The denominator of a step, from v̂ + ∇²R + δ.
protocol Denominator<Scalar> {
  associatedtype Scalar: Real
  static func of(_ curvature: Scalar) -> Scalar
}

enum PlainDenominator<Scalar: Real>: Denominator {
  @inline(__always) static func of(_ curvature: Scalar) -> Scalar { curvature }
}

enum RootDenominator<Scalar: Real>: Denominator {
  @inline(__always) static func of(_ curvature: Scalar) -> Scalar { curvature.squareRoot() }
}
