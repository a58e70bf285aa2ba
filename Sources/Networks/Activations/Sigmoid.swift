internal import Kernels

/// σ(z) = 1/(1 + e^−z), by e = e^−|z| so that neither tail overflows or cancels.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSigmoid<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: value) { -$0.magnitude }
  exp(value, into: value)
  map(z, value, into: slope, curvature) { z, e in
    let q = 1 / (1 + e)
    let slope = e * q * q
    let oneMinusTwoSigma = (e - 1) * q
    return (slope, z < 0 ? -slope * oneMinusTwoSigma : slope * oneMinusTwoSigma)
  }
  map(z, value, into: value) { z, e in (z < 0 ? e : 1) / (1 + e) }
}
