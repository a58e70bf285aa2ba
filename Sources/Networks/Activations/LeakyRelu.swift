internal import Kernels

/// σ(z) = z for z > 0, else z/100; σ'(0) = 0.01, σ'' = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateLeakyRelu<Scalar: Real>(
  _ z: Vector<Scalar>, _ value: Vector<Scalar>, _ slope: Vector<Scalar>, _ curvature: Vector<Scalar>
) {
  map(z, into: value, slope) { z in
    let slope: Scalar = z > 0 ? 1 : 0.01
    return (slope * z, slope)
  }
  curvature.fill(0)
}
