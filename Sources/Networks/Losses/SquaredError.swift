internal import Kernels

/// f = Σ (y_i − t_i)², gradient 2 (y_i − t_i), h = 2. The factor ½ is left out on purpose: the specification's table.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSquaredError<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
) -> Double {
  map(outputs.elements, targets.elements, into: gradient.elements) { 2 * ($0 - $1) }
  curvature.elements.fill(2)
  // Σ (y − t)² is a quarter of the gradient's square; rows are added in Double.
  return (0..<outputs.rows).reduce(0) { $0 + Double(gradient[$1].dot(gradient[$1])) } / 4
}
