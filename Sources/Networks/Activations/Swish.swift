internal import Kernels

/// σ(z) = z s(z) with the sigmoid function s: σ' = s + z s', σ'' = s' (2 + z (1 − 2s)).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSwish<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: value) { -$0.magnitude }
  exp(value, into: value)
  map(z, value, into: slope, curvature) { z, e in
    let q = 1 / (1 + e)
    let s = (z < 0 ? e : 1) * q
    let slope = e * q * q
    let oneMinusTwoSigma = (z < 0 ? 1 - e : e - 1) * q
    return (s + z * slope, slope * (2 + z * oneMinusTwoSigma))
  }
  map(z, value, into: value) { z, e in z * (z < 0 ? e : 1) / (1 + e) }
}
