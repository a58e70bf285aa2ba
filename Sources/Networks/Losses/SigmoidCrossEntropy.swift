internal import Kernels

/// f = Σ max(y, 0) − t y + log1p(e^−|y|); gradient σ(y) − t, h = σ(y)(1 − σ(y)).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSigmoidCrossEntropy<Scalar: Real>(
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
