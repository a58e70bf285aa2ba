private import CKernels
internal import Kernels

/// The activation functions σ, which the loops of CKernels compute with their first two derivatives.
public enum Activation: String, Codable, CaseIterable, Sendable {
  /// σ(z) = z.
  case identity
  /// σ(z) = 1/(1 + e^−z).
  case sigmoid
  case tanh
  /// σ(z) = max(z, 0) + log1p(e^−|z|); σ' is the sigmoid function.
  case softplus
  /// σ(z) = max(z, 0), σ'(0) = 0, σ'' = 0.
  case relu
  /// σ(z) = z for z > 0, else z/100; σ'(0) = 0.01, σ'' = 0.
  case leakyRelu
  /// σ(z) = z for z > 0, else e^z − 1.
  case elu
  /// σ(z) = z s(z) with the sigmoid function s.
  case swish

  /// Whether σ'(z) and σ''(z) follow from σ(z).
  var hasDerivativesOfValue: Bool { activation_has_derivatives_of_value(function) != 0 }

  /// (M1, M5) y ← σ(z) in one pass, with what else is asked for. Not-a-number passes through, so that a diverging run
  /// shows in its loss. A number's result has the same bits wherever it lies.
  ///
  /// The vectors are equally long and do not overlap, except that y may be z.
  ///
  /// - Parameters:
  ///   - slopes, curvatures: σ'(z) and σ''(z), where they are wanted.
  ///   - u: the total gradient below; |σ'(z)| u goes to `uAbove`.
  func forward<Scalar: Real>(
    _ z: Vector<Scalar>, into y: Vector<Scalar>, slopes: Vector<Scalar>?, curvatures: Vector<Scalar>?,
    totalGradient u: Vector<Scalar>? = nil, into uAbove: Vector<Scalar>? = nil
  ) {
    let count = z.count
    precondition((u == nil) == (uAbove == nil), "a total gradient above follows from one below")
    precondition(
      y.count == count && slopes.hasCount(count) && curvatures.hasCount(count) && u.hasCount(count)
        && uAbove.hasCount(count), "elementwise operands must have equal lengths")
    var pass = unsafe activation_forward_pass(
      function: function, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      count: count, z: z.pointer, y: y.pointer, slopes: slopes?.pointer, curvatures: curvatures?.pointer,
      u: u?.pointer, u_above: uAbove?.pointer)
    unsafe activation_forward(&pass)
  }

  /// Where the way back finds σ' and σ'' of the last way forward.
  enum Derivatives<Scalar: Real> {
    /// σ(z), where they follow from it.
    case ofValue(Vector<Scalar>)
    /// Themselves; σ'' is not read where there is no Z.
    case stored(slopes: Vector<Scalar>, curvatures: Vector<Scalar>)
  }

  /// (M8) `Ẏ ← Ẏ σ'`, `Z ← | Z |σ'| + Ẏ σ'' u |` in one pass, in place; the outer magnitude corrects negative curvature.
  ///
  /// - Parameters:
  ///   - u: the total gradient below; nil with Z.
  func backward<Scalar: Real>(
    _ derivatives: Derivatives<Scalar>, totalGradient u: Vector<Scalar>?, yDot: Vector<Scalar>, z: Vector<Scalar>?
  ) {
    precondition((u == nil) == (z == nil), "Z passes an activation where there is a total gradient")
    let (value, slopes, curvatures): (Vector<Scalar>?, Vector<Scalar>?, Vector<Scalar>?) =
      switch derivatives {
      case .ofValue(let y): (y, nil, nil)
      case .stored(let slopes, let curvatures): (nil, slopes, curvatures)
      }
    precondition(value == nil || hasDerivativesOfValue, "the derivatives of this function do not follow from its value")
    let count = yDot.count
    precondition(
      value.hasCount(count) && slopes.hasCount(count) && curvatures.hasCount(count) && u.hasCount(count)
        && z.hasCount(count), "elementwise operands must have equal lengths")
    var pass = unsafe activation_backward_pass(
      function: function, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      count: count, y: value?.pointer, slopes: slopes?.pointer, curvatures: curvatures?.pointer, u: u?.pointer,
      y_dot: yDot.pointer, z: z?.pointer)
    unsafe activation_backward(&pass)
  }

  /// (M5, M6, M8) The squared error of outputs y = σ(z) and both signals below σ, in one pass: what ``backward`` makes of
  /// `Ẏ = 2 (y − t)` and `Z = 2 |σ'| u`.
  ///
  /// - Parameters:
  ///   - u: the total gradient below; nil with Z.
  /// - Returns: `Σ (y − t)²`; a row's share has the same bits wherever the row lies, rows are added in Double.
  func squaredError<Scalar: Real>(
    outputs y: Matrix<Scalar>, targets t: Matrix<Scalar>, totalGradient u: Matrix<Scalar>?, yDot: Matrix<Scalar>,
    z: Matrix<Scalar>?
  ) -> Double {
    precondition(hasDerivativesOfValue, "the derivatives of this function do not follow from its value")
    precondition((u == nil) == (z == nil), "Z passes an activation where there is a total gradient")
    let count = y.elements.count
    precondition(
      t.rows == y.rows && t.columns == y.columns && yDot.elements.count == count
        && (u?.elements).hasCount(count) && (z?.elements).hasCount(count), "targets must have the outputs' shape")
    var pass = unsafe activation_error_pass(
      function: function, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      rows: y.rows, columns: y.columns, y: y.elements.pointer, t: t.elements.pointer, u: u?.elements.pointer,
      y_dot: yDot.elements.pointer, z: z?.elements.pointer)
    return unsafe activation_squared_error(&pass)
  }

  private var function: activation_function {
    switch self {
    case .identity: activation_identity
    case .sigmoid: activation_sigmoid
    case .tanh: activation_tanh
    case .softplus: activation_softplus
    case .relu: activation_relu
    case .leakyRelu: activation_leaky_relu
    case .elu: activation_elu
    case .swish: activation_swish
    }
  }
}

extension Optional {
  /// Whether a vector, where there is one, has so many elements.
  fileprivate func hasCount<Scalar: Real>(_ count: Int) -> Bool where Wrapped == Vector<Scalar> {
    map { $0.count == count } ?? true
  }
}
