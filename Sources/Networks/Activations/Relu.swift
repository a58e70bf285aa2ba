internal import Kernels

/// σ(z) = max(z, 0), σ'(0) = 0, σ'' = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateRelu<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  update(values, slopes) { z, _ in (z < 0 ? 0 : z, z > 0 ? 1 : 0) }
  curvatures.fill(0)
}
