internal import Kernels

/// σ(z) = 1/(1 + e^−z), by e = e^−|z| so that neither tail overflows or cancels.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSigmoid<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  map(values, into: slopes) { -$0.magnitude }
  exp(slopes, into: slopes)
  update(values, slopes, curvatures) { z, e, _ in
    let q = 1 / (1 + e)
    let slope = e * q * q
    let magnitude = slope * (1 - e) * q
    return (z < 0 ? e * q : q, slope, z < 0 ? magnitude : -magnitude)
  }
}
