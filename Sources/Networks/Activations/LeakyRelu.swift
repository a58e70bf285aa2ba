internal import Kernels

/// σ(z) = z for z > 0, else z/100; σ'(0) = 0.01, σ'' = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateLeakyRelu<Scalar: Real>(_ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>) {
  update(values, slopes) { z, _ in
    let slope: Scalar = z > 0 ? 1 : 0.01
    return (slope * z, slope)
  }
  curvatures.fill(0)
}
