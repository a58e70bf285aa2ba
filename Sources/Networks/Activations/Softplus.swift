internal import Kernels

/// σ(z) = max(z, 0) + log1p(e^−|z|); σ' is the sigmoid function.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSoftplus<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  map(values, into: curvatures) { -$0.magnitude }
  exp(curvatures, into: curvatures)
  log1p(curvatures, into: slopes)
  update(values, slopes, curvatures) { z, tail, e in
    let q = 1 / (1 + e)
    return ((z < 0 ? 0 : z) + tail, z < 0 ? e * q : q, e * q * q)
  }
}
