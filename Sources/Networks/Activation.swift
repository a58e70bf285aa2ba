private import CKernels
internal import Kernels

/// An activation function σ with its first two derivatives.
///
/// The built-in functions are loops in CKernels. To add one, add an entry to ``allCases`` here and follow
/// `activation_loops.h`. Another module can make an activation from a rule for a single number.
public struct Activation: Sendable, Hashable, CaseIterable {
  /// Its name in configurations.
  public let rawValue: String
  /// The range of its values; nil where they have no bounds.
  public let range: ClosedRange<Double>?
  /// Where σ' or σ'' jumps.
  public let kink: Kink
  private let function: Function

  /// A jump of a derivative at z = 0, given as a number between the derivative's values on both sides.
  public enum Kink: Sendable {
    case none
    case slope(Double)
    case curvature(Double)
  }

  private enum Function: Sendable {
    case loops(activation_function)
    case rule(@Sendable (Double) -> (value: Double, slope: Double, curvature: Double))
  }

  private init(
    _ name: String, _ function: activation_function, range: ClosedRange<Double>? = nil, kink: Kink = .none
  ) {
    (rawValue, self.function, self.range, self.kink) = (name, .loops(function), range, kink)
  }

  /// An activation made from a rule, computed in Double number by number: slower than a built-in one.
  ///
  /// - Parameters:
  ///   - name: must not be the name of a built-in activation.
  ///   - rule: σ(z), σ'(z) and σ''(z).
  public init(
    named name: String, range: ClosedRange<Double>? = nil, kink: Kink = .none,
    _ rule: @escaping @Sendable (Double) -> (value: Double, slope: Double, curvature: Double)
  ) {
    (rawValue, function, self.range, self.kink) = (name, .rule(rule), range, kink)
  }

  /// All activations that a configuration can name.
  public static let allCases: [Activation] = [identity, sigmoid, tanh, softplus, relu, leakyRelu, elu, swish]

  /// σ(z) = z.
  public static let identity = Activation("identity", activation_identity)
  /// σ(z) = 1/(1 + e^−z).
  public static let sigmoid = Activation("sigmoid", activation_sigmoid, range: 0...1)
  public static let tanh = Activation("tanh", activation_tanh, range: -1...1)
  /// σ(z) = max(z, 0) + log1p(e^−|z|); σ' is the sigmoid function.
  public static let softplus = Activation("softplus", activation_softplus, range: 0...Double.infinity)
  /// σ(z) = max(z, 0), σ'(0) = 0, σ'' = 0.
  public static let relu = Activation("relu", activation_relu, range: 0...Double.infinity, kink: .slope(0.5))
  /// σ(z) = z for z > 0, else z/100; σ'(0) = 0.01, σ'' = 0.
  public static let leakyRelu = Activation("leakyRelu", activation_leaky_relu, kink: .slope(0.5))
  /// σ(z) = z for z > 0, else e^z − 1; σ'' = 0 above and e^z below.
  public static let elu = Activation("elu", activation_elu, range: -1...Double.infinity, kink: .curvature(0))
  /// σ(z) = z s(z) with the sigmoid function s.
  public static let swish = Activation("swish", activation_swish, range: -0.2785...Double.infinity)

  public static func == (a: Activation, b: Activation) -> Bool { a.rawValue == b.rawValue }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

  /// Whether σ'(z) and σ''(z) follow from σ(z).
  var hasDerivativesOfValue: Bool {
    guard case .loops(let function) = function else { return false }
    return activation_has_derivatives_of_value(function) != 0
  }

  /// (M1, M5) y ← σ(z) and the other requested results, in one pass. NaN passes through, so that a diverging run shows
  /// in its loss. A number's result has the same bits wherever it lies.
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
    guard case .loops(let function) = function else {
      if case .rule(let rule) = function {
        forwardByRule(rule, z, into: y, slopes: slopes, curvatures: curvatures, totalGradient: u, into: uAbove)
      }
      return
    }
    var pass = unsafe activation_forward_pass(
      function: function, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      count: count, z: z.pointer, y: y.pointer, slopes: slopes?.pointer, curvatures: curvatures?.pointer,
      u: u?.pointer, u_above: uAbove?.pointer)
    unsafe activation_forward(&pass)
  }

  /// Where the backward pass finds σ' and σ'' of the last forward pass.
  enum Derivatives<Scalar: Real> {
    /// σ(z), where they follow from it.
    case ofValue(Vector<Scalar>)
    /// σ' and σ'' themselves; σ'' is not read where there is no Z.
    case stored(slopes: Vector<Scalar>, curvatures: Vector<Scalar>)
  }

  /// (M8) `Ẏ ← Ẏ σ'`, `Z ← | Z |σ'| + Ẏ σ'' u |` in one pass, in place; the outer magnitude corrects negative curvature.
  ///
  /// - Parameters:
  ///   - u: the total gradient below; nil with Z.
  ///   - scales: their ``SignalScales/products`` and ``SignalScales/rest`` multiply Ẏ and u.
  func backward<Scalar: Real>(
    _ derivatives: Derivatives<Scalar>, totalGradient u: Vector<Scalar>?,
    _ scales: SignalScales<Scalar> = SignalScales(),
    yDot: Vector<Scalar>, z: Vector<Scalar>?
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
    guard case .loops(let function) = function else {
      guard let slopes, let curvatures else { preconditionFailure("a rule's derivatives are stored") }
      return backwardByRule(slopes: slopes, curvatures: curvatures, totalGradient: u, scales, yDot: yDot, z: z)
    }
    var pass = unsafe activation_backward_pass(
      function: function, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      count: count, y: value?.pointer, slopes: slopes?.pointer, curvatures: curvatures?.pointer, u: u?.pointer,
      scale: Double(scales.products), u_scale: Double(scales.rest), y_dot: yDot.pointer, z: z?.pointer)
    unsafe activation_backward(&pass)
  }

  /// (M5, M6, M8) The squared error of outputs y = σ(z) and both signals below σ, in one pass. The signals are what
  /// ``backward`` computes from `Ẏ = 2 (y − t)` and `Z = 2 |σ'| u`.
  ///
  /// - Parameters:
  ///   - u: the total gradient below; nil with Z.
  /// - Returns: `Σ (y − t)²`. A row's share has the same bits wherever the row lies; rows are added in Double.
  func squaredError<Scalar: Real>(
    outputs y: Matrix<Scalar>, targets t: Matrix<Scalar>, totalGradient u: Matrix<Scalar>?, yDot: Matrix<Scalar>,
    z: Matrix<Scalar>?
  ) -> Double {
    guard hasDerivativesOfValue, case .loops(let function) = function else {
      preconditionFailure("the derivatives of this function do not follow from its value")
    }
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
}

/// (M1, M5) and (M8) by a rule for one number.
extension Activation {
  private func forwardByRule<Scalar: Real>(
    _ rule: (Double) -> (value: Double, slope: Double, curvature: Double), _ z: Vector<Scalar>, into y: Vector<Scalar>,
    slopes: Vector<Scalar>?, curvatures: Vector<Scalar>?, totalGradient u: Vector<Scalar>?, into uAbove: Vector<Scalar>?
  ) {
    for k in 0..<z.count {
      let (value, slope, curvature) = rule(Double(z[k]))
      y[k] = Scalar(value)
      slopes?[k] = Scalar(slope)
      curvatures?[k] = Scalar(curvature)
      if let u, let uAbove { uAbove[k] = Scalar(slope.magnitude) * u[k] }
    }
  }

  private func backwardByRule<Scalar: Real>(
    slopes: Vector<Scalar>, curvatures: Vector<Scalar>, totalGradient u: Vector<Scalar>?,
    _ scales: SignalScales<Scalar>, yDot: Vector<Scalar>, z: Vector<Scalar>?
  ) {
    for k in 0..<yDot.count {
      if let u, let z {
        z[k] = (z[k] * slopes[k].magnitude + scales.products * yDot[k] * curvatures[k] * (scales.rest * u[k])).magnitude
      }
      yDot[k] *= slopes[k]
    }
  }
}

extension Activation: RawRepresentable, Codable {
  /// nil for an unknown name.
  public init?(rawValue: String) {
    guard let activation = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = activation
  }
}

extension Optional {
  /// Whether the vector, if there is one, has `count` elements.
  fileprivate func hasCount<Scalar: Real>(_ count: Int) -> Bool where Wrapped == Vector<Scalar> {
    map { $0.count == count } ?? true
  }
}
