internal import Kernels

/// σ(z) = z for z > 0, else e^z − 1 (α = 1).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateElu<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: curvature) { $0 > 0 ? 0 : $0 }
  expm1(curvature, into: value)
  map(z, value, into: slope, curvature) { z, tail in z > 0 ? (1, 0) : (tail + 1, tail + 1) }
  map(z, value, into: value) { z, tail in z > 0 ? z : tail }
}
