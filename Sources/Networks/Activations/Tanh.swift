internal import Kernels

/// σ(z) = tanh z, σ' = 1 − σ², σ'' = −2 σ σ'.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateTanh<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  tanh(z, into: value)
  map(value, into: slope, curvature) { y in
    let slope = (1 - y) * (1 + y)
    return (slope, -2 * y * slope)
  }
}
