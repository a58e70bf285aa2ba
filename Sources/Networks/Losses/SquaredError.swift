private import CKernels
internal import Kernels

struct SquaredError: LossFunction {
  let name = "squaredError"
  let targets = LossTargets.numbers
  let hasDiagonalHessian = true

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double { evaluateSquaredError(outputs, targets, gradient, curvature) }
}

/// f = Σ (y_i − t_i)², gradient 2 (y_i − t_i), h = 2. The factor ½ is left out on purpose, as in the specification's
/// table.
///
/// A row's share of the sum has the same bits wherever the row lies; rows are added in Double.
///
/// - Parameters:
///   - curvature: receives h or, where the total gradient u is given, Z = h u (M6); nil where neither is wanted.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSquaredError<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>?,
  totalGradient u: Matrix<Scalar>? = nil
) -> Double {
  func fits(_ matrix: Matrix<Scalar>?) -> Bool {
    guard let matrix else { return true }
    return matrix.rows == outputs.rows && matrix.columns == outputs.columns
  }
  precondition(
    fits(targets) && fits(gradient) && fits(curvature) && fits(u),
    "targets and derivatives must have the outputs' shape")
  return unsafe matrix_squared_error(
    widest_instruction_set(), Scalar.precision == .float64 ? 1 : 0, outputs.rows, outputs.columns,
    outputs.elements.pointer, targets.elements.pointer, gradient.elements.pointer, curvature?.elements.pointer,
    u?.elements.pointer)
}

extension SquaredError: SoftLabelLoss {
  /// z.
  func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>) {
    labels.elements.copy(from: z.elements)
  }

  /// −2 y.
  func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
    map(y.elements, into: change.elements) { -2 * $0 }
  }

  /// s(z) = 2 z.
  var labelConstant: Double { 2 }
}
