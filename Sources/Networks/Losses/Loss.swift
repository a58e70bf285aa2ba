public import Kernels

/// The loss functions f of one sample's outputs and targets. Each has a file of its own with its value, gradient and
/// second derivatives; targets are one row for each sample (one-hot rows for classes).
public enum Loss: String, Codable, CaseIterable, Sendable {
  case squaredError, softmaxCrossEntropy, sigmoidCrossEntropy, hinge, squaredHinge

  /// Whether the Hessian of f in the outputs is diagonal, so that (M6) applies.
  public var hasDiagonalHessian: Bool {
    switch self {
    case .squaredError, .sigmoidCrossEntropy: true
    case .softmaxCrossEntropy, .hinge, .squaredHinge: false
    }
  }

  /// Whether every second derivative is zero, so that Ẅ vanishes.
  public var isPiecewiseLinear: Bool { self == .hinge }

  /// Whether it is made of margins max(0, …), so that its first or second derivative jumps where one becomes 0.
  var hasMargins: Bool { self == .hinge || self == .squaredHinge }

  /// Whether the targets must be a distribution over the outputs: one-hot rows, or soft ones that add to 1.
  public var wantsClasses: Bool {
    switch self {
    case .softmaxCrossEntropy, .hinge, .squaredHinge: true
    case .squaredError, .sigmoidCrossEntropy: false
    }
  }

  /// The sum of the losses of the samples; writes ∂f/∂y and h = ∂²f/∂y², each [samples × outputs].
  ///
  /// Not-a-number in the outputs gives a loss that is not finite.
  public func evaluate<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, gradient: Matrix<Scalar>, curvature: Matrix<Scalar>
  ) -> Double {
    precondition(
      outputs.rows == targets.rows && outputs.columns == targets.columns, "targets must have the outputs' shape")
    return switch self {
    case .squaredError: evaluateSquaredError(outputs, targets, gradient, curvature)
    case .softmaxCrossEntropy: evaluateSoftmaxCrossEntropy(outputs, targets, gradient, curvature)
    case .sigmoidCrossEntropy: evaluateSigmoidCrossEntropy(outputs, targets, gradient, curvature)
    case .hinge: evaluateHinge(outputs, targets, gradient, curvature)
    case .squaredHinge: evaluateSquaredHinge(outputs, targets, gradient, curvature)
    }
  }
}

extension Loss {
  /// The same row by row: gives the loss of each sample to `body`.
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

/// How the loss's curvature is shared out among the output units.
public enum LossPartition: String, Codable, CaseIterable, Sendable {
  /// (M6) where the loss has a diagonal Hessian, (M7) elsewhere.
  case automatic
  /// (M7) for every loss: the paper's Algorithm 1 to the letter.
  case general
}

extension Loss {
  /// Turns h into Z at the network's output, in place: (M6) or (M7), by the loss and the partition.
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

/// The index of the greatest element, the first of them; a row's class.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func argMax<Scalar: Real>(_ row: Vector<Scalar>) -> Int {
  var best = 0
  for k in 0..<row.count where row[k] > row[best] { best = k }
  return best
}

/// The number of samples whose greatest output is that of their class.
public func correctPredictions<Scalar: Real>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> Int {
  precondition(outputs.rows == targets.rows, "every output row needs its target row")
  return (0..<outputs.rows).count { argMax(outputs[$0]) == argMax(targets[$0]) }
}
