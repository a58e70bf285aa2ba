public import Kernels
public import Networks

/// Labels that a teacher gives: t = softmax(z), σ(z) or z of its outputs z, by the loss that learns from them.
///
/// For these three losses f(y | t(z)) depends on z and the student's outputs y as ∂f/∂z = s(z) + c(z, y), with c linear in y
/// and s independent of y. What (M24) needs is the change of ∂f/∂z with y alone, so c is all: of a tangent ẏ it is the exact
/// derivative, of a difference quotient of y that of (M25).
extension Loss {
  /// Whether a student can learn from soft labels by this loss.
  public var takesSoftLabels: Bool {
    switch self {
    case .softmaxCrossEntropy, .squaredError, .sigmoidCrossEntropy: true
    case .hinge, .squaredHinge: false
    }
  }

  /// t(z), [samples × outputs].
  public func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>) {
    switch self {
    case .softmaxCrossEntropy: softmax(z, into: labels)
    case .sigmoidCrossEntropy: sigmoid(z.elements, into: labels.elements)
    default: labels.elements.copy(from: z.elements)
    }
  }

  /// c(z, y): softmaxCrossEntropy −q ∘ (y − ⟨q, y⟩), q = softmax(z); sigmoidCrossEntropy −q(1 − q) ∘ y, q = σ(z);
  /// squaredError −2 y.
  ///
  /// - Parameters:
  ///   - labels: t(z), [samples × outputs].
  ///   - y: the student's outputs, their tangent or a difference of them, [samples × outputs].
  ///   - change: overwritten, other memory than the others.
  func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
    switch self {
    case .softmaxCrossEntropy: softmaxChange(labels, y, into: change)
    case .sigmoidCrossEntropy: map(labels.elements, y.elements, into: change.elements) { q, y in -q * (1 - q) * y }
    default: map(y.elements, into: change.elements) { -2 * $0 }
    }
  }

  /// s(z), the part of ∂f/∂z that does not depend on y, added to c: 2 z for squaredError, 0 for the others.
  ///
  /// For softmaxCrossEntropy log p = y − log Σ exp(y), and the logarithm drops out of y − ⟨q, y⟩.
  func addLabelConstant<Scalar: Real>(labels: Matrix<Scalar>, to change: Matrix<Scalar>) {
    if self == .squaredError { change.elements.add(labels.elements, times: 2) }
  }
}

/// Rows of softmax, with the greatest output subtracted first.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func softmax<Scalar: Real>(_ z: Matrix<Scalar>, into p: Matrix<Scalar>) {
  for sample in 0..<z.rows {
    let (z, p) = (z[sample], p[sample])
    var greatest = z[0]
    for k in 1..<z.count where z[k] > greatest { greatest = z[k] }
    map(z, into: p) { $0 - greatest }
  }
  exp(p.elements, into: p.elements)
  for sample in 0..<z.rows {
    let p = p[sample]
    var sum: Scalar = 0
    for k in 0..<p.count { sum += p[k] }
    update(p) { $0 / sum }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sigmoid<Scalar: Real>(_ z: Vector<Scalar>, into p: Vector<Scalar>) {
  map(z, into: p) { -$0.magnitude }
  exp(p, into: p)
  update(p, z) { e, z in (z < 0 ? e : 1) / (1 + e) }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func softmaxChange<Scalar: Real>(_ q: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
  for sample in 0..<q.rows {
    let (q, y, change) = (q[sample], y[sample], change[sample])
    var mean: Scalar = 0
    for k in 0..<q.count { mean += q[k] * y[k] }
    map(q, y, into: change) { q, y in -q * (y - mean) }
  }
}
