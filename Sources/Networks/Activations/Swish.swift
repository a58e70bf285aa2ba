internal import Kernels

/// σ(z) = z s(z) with the sigmoid function s: σ' = s + z s', σ'' = s' (2 + z (1 − 2s)).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSwish<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  map(values, into: slopes) { -$0.magnitude }
  exp(slopes, into: slopes)
  update(values, slopes, curvatures) { z, e, _ in
    let q = 1 / (1 + e)
    let s = z < 0 ? e * q : q
    let slope = e * q * q
    let oneMinusTwoS = z < 0 ? (1 - e) * q : (e - 1) * q
    return (z * s, s + z * slope, slope * (2 + z * oneMinusTwoS))
  }
}
