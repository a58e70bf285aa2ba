internal import Kernels

/// σ(z) = max(z, 0), σ'(0) = 0, σ'' = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateRelu<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: value, slope) { z in (z < 0 ? 0 : z, z > 0 ? 1 : 0) }
  curvature.fill(0)
}
