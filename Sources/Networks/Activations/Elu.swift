internal import Kernels

/// σ(z) = z for z > 0, else e^z − 1 (α = 1).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateElu<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  map(values, into: slopes) { $0 > 0 ? 0 : $0 }
  expm1(slopes, into: slopes)
  update(values, slopes, curvatures) { z, tail, _ in z > 0 ? (z, 1, 0) : (tail, tail + 1, tail + 1) }
}
