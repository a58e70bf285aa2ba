internal import Kernels

struct SigmoidCrossEntropy: LossFunction {
  let name = "sigmoidCrossEntropy"
  let targets = LossTargets.probabilities
  let hasDiagonalHessian = true

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double { evaluateSigmoidCrossEntropy(outputs, targets, gradient, curvature) }
}

/// f = Σ max(y, 0) − t y + log1p(e^−|y|); gradient σ(y) − t, h = σ(y)(1 − σ(y)).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func evaluateSigmoidCrossEntropy<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
) -> Double {
  let (y, t, e, terms) = (outputs.elements, targets.elements, curvature.elements, gradient.elements)
  map(y, into: e) { -$0.magnitude }
  exp(e, into: e)
  log1p(e, into: terms)
  update(terms, y, t) { tail, y, t in (y < 0 ? 0 : y) - t * y + tail }
  var loss = 0.0
  for k in 0..<terms.count { loss += Double(terms[k]) }

  map(y, e, into: gradient.elements) { y, e in (y < 0 ? e : 1) / (1 + e) }
  update(gradient.elements, t) { $0 - $1 }
  update(e) { e in e / ((1 + e) * (1 + e)) }
  return loss
}

extension SigmoidCrossEntropy: SoftLabelLoss {
  /// σ(z).
  func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>) {
    sigmoid(z.elements, into: labels.elements)
  }

  /// −q(1 − q) ∘ y, q = σ(z).
  func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
    map(labels.elements, y.elements, into: change.elements) { q, y in -q * (1 - q) * y }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sigmoid<Scalar: Real>(_ z: Vector<Scalar>, into p: Vector<Scalar>) {
  map(z, into: p) { -$0.magnitude }
  exp(p, into: p)
  update(p, z) { e, z in (z < 0 ? e : 1) / (1 + e) }
}
