internal import Kernels

/// σ(z) = max(z, 0) + log1p(e^−|z|); σ' is the sigmoid function.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSoftplus<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: curvature) { -$0.magnitude }
  exp(curvature, into: curvature)
  log1p(curvature, into: value)
  map(z, value, into: value) { z, tail in (z < 0 ? 0 : z) + tail }
  map(z, curvature, into: slope, curvature) { z, e in
    let q = 1 / (1 + e)
    return ((z < 0 ? e : 1) * q, e * q * q)
  }
}
