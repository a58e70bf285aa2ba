internal import Kernels

/// σ(z) = tanh z, σ' = 1 − σ², σ'' = −2 σ σ'.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateTanh<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  tanh(values, into: values)
  update(values, slopes, curvatures) { y, _, _ in
    let slope = (1 - y) * (1 + y)
    return (y, slope, -2 * y * slope)
  }
}
