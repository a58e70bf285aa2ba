public import Kernels

/// A loss f of one sample's outputs and targets, a sum over the output units: its value, gradient and second derivatives.
///
/// A loss is one file, and an entry in ``Loss/allCases``. Targets are one row for each sample (one-hot rows for classes).
public protocol LossFunction: Sendable {
  /// Its name in configurations.
  var name: String { get }

  /// What targets must be.
  var targets: LossTargets { get }

  /// Whether the Hessian of f in the outputs is diagonal, so that (M6) applies.
  var hasDiagonalHessian: Bool { get }

  /// Whether every second derivative is zero, so that Ẅ vanishes.
  var isPiecewiseLinear: Bool { get }

  /// Whether the loss consists of margins max(0, …). Its first or second derivative jumps where a margin becomes 0.
  var hasMargins: Bool { get }

  /// The sum of the losses of the samples; writes ∂f/∂y and h = ∂²f/∂y², each [samples × outputs].
  ///
  /// NaN in the outputs gives a loss that is not finite.
  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double

  /// Σ_s ẏᵀ H ẏ with H the Hessian of each sample's loss in its outputs.
  ///
  /// - Parameters:
  ///   - curvature: h as `evaluate` writes it, [samples × outputs].
  ///   - yTangent: ẏ, [samples × outputs].
  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar
}

/// What the targets of a loss must be.
public enum LossTargets: Sendable {
  case numbers
  /// Numbers from 0 to 1.
  case probabilities
  /// A distribution over the outputs: one-hot rows, or soft ones that add to 1.
  case distribution
  /// A class: the index of the row's largest number.
  case classes

  /// Whether a row of targets stands for a class.
  public var areClasses: Bool { self == .distribution || self == .classes }
}

extension LossFunction {
  public var isPiecewiseLinear: Bool { false }
  public var hasMargins: Bool { false }

  /// Σ h ẏ², for a diagonal Hessian.
  public func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar { diagonalQuadraticForm(curvature, yTangent) }
}

/// Σ h ẏ².
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func diagonalQuadraticForm<Scalar: Real>(_ h: Matrix<Scalar>, _ yTangent: Matrix<Scalar>) -> Scalar {
  (0..<h.elements.count).reduce(0) { $0 + h.elements[$1] * yTangent.elements[$1] * yTangent.elements[$1] }
}

/// The choice of a loss.
public struct Loss: Sendable, CaseIterable {
  public let function: any LossFunction

  /// A loss that another module defines.
  public init(_ function: some LossFunction) { self.function = function }

  /// All losses that a configuration can name.
  public static let allCases: [Loss] = [
    squaredError, softmaxCrossEntropy, sigmoidCrossEntropy, hinge, squaredHinge,
  ]

  public static let squaredError = Loss(SquaredError())
  public static let softmaxCrossEntropy = Loss(SoftmaxCrossEntropy())
  public static let sigmoidCrossEntropy = Loss(SigmoidCrossEntropy())
  public static let hinge = Loss(Hinge())
  public static let squaredHinge = Loss(SquaredHinge())

  public var targets: LossTargets { function.targets }
  public var hasDiagonalHessian: Bool { function.hasDiagonalHessian }
  public var isPiecewiseLinear: Bool { function.isPiecewiseLinear }
  var hasMargins: Bool { function.hasMargins }

  /// The sum of the losses of the samples; writes ∂f/∂y and h = ∂²f/∂y², each [samples × outputs]; see ``LossFunction``.
  public func evaluate<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, gradient: Matrix<Scalar>, curvature: Matrix<Scalar>
  ) -> Double {
    precondition(
      outputs.rows == targets.rows && outputs.columns == targets.columns, "targets must have the outputs' shape")
    return function.evaluate(outputs, targets, gradient, curvature)
  }

  /// Σ_s ẏᵀ H ẏ; see ``LossFunction``.
  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar {
    function.quadraticForm(outputs: outputs, targets: targets, curvature: curvature, of: yTangent)
  }
}

extension Loss: RawRepresentable, Codable, Hashable {
  public var rawValue: String { function.name }

  /// nil for an unknown name.
  public init?(rawValue: String) {
    guard let loss = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = loss
  }

  public static func == (a: Loss, b: Loss) -> Bool { a.rawValue == b.rawValue }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension Loss {
  /// The same row by row: calls `body` with the loss of each sample.
  public func evaluateRows<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, gradient: Matrix<Scalar>, curvature: Matrix<Scalar>,
    _ body: (_ row: Int, _ loss: Double) -> Void
  ) {
    for row in 0..<outputs.rows {
      let value = evaluate(
        outputs: outputs.row(row), targets: targets.row(row), gradient: gradient.row(row),
        curvature: curvature.row(row))
      body(row, value)
    }
  }
}

/// How the loss's curvature is divided among the output units.
public enum LossPartition: String, Codable, CaseIterable, Sendable {
  /// (M6) where the loss has a diagonal Hessian, (M7) elsewhere.
  case automatic
  /// (M7) for every loss: exactly the paper's Algorithm 1.
  case general
}

extension Loss {
  /// Turns h into Z at the network's output, in place: (M6) or (M7), depending on the loss and the partition.
  ///
  /// - Parameters:
  ///   - h: ∂²f/∂y² on entry, Z on return, [samples × outputs].
  ///   - u: the total gradient at the output, [samples × outputs].
  func partitionCurvature<Scalar: Real>(
    _ h: Matrix<Scalar>, totalGradient u: Matrix<Scalar>, _ partition: LossPartition
  ) {
    if hasDiagonalHessian && partition == .automatic {
      multiply(h.elements, by: u.elements)
    } else {
      partitionByRoots(h, u)
    }
  }
}

/// (M7) `Z_i = √h_i Σ_k u_k √h_k`, in place of h.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func partitionByRoots<Scalar: Real>(_ h: Matrix<Scalar>, _ u: Matrix<Scalar>) {
  update(h.elements) { $0.squareRoot() }
  for sample in 0..<h.rows {
    let roots = h[sample]
    let sum = roots.dot(u[sample])
    update(roots) { $0 * sum }
  }
}

/// The index of the largest element, the first one if several are equal: a row's class.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func argMax<Scalar: Real>(_ row: Vector<Scalar>) -> Int {
  var best = 0
  for k in 0..<row.count where row[k] > row[best] { best = k }
  return best
}

/// The number of samples whose largest output is the output of their class.
public func correctPredictions<Scalar: Real>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> Int {
  precondition(outputs.rows == targets.rows, "every output row needs its target row")
  return (0..<outputs.rows).count { argMax(outputs[$0]) == argMax(targets[$0]) }
}
