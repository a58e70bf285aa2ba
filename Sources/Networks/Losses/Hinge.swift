internal import Kernels

struct Hinge: LossFunction {
  let name = "hinge"
  let targets = LossTargets.classes
  let hasDiagonalHessian = false
  let isPiecewiseLinear = true
  let hasMargins = true

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double { evaluateHinge(outputs, targets, gradient, curvature) }

  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar { 0 }
}

struct SquaredHinge: LossFunction {
  let name = "squaredHinge"
  let targets = LossTargets.classes
  let hasDiagonalHessian = false
  let hasMargins = true

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double { evaluateSquaredHinge(outputs, targets, gradient, curvature) }

  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar { squaredHingeQuadraticForm(curvature, targets, yTangent) }
}

/// The margins m_i = max(0, y_i − y_c + 1) for i ≠ c, m_c = 0, of one sample of class c. NaN passes through.
private func writeMargins<Scalar: Real>(_ y: Vector<Scalar>, class c: Int, into m: Vector<Scalar>) {
  let own = y[c]
  map(y, into: m) { y in
    let margin = y - own + 1
    return margin < 0 ? 0 : margin
  }
  // NaN in the class output must show in the loss, so the class's own margin is y_c − y_c.
  m[c] = own - own
}

/// f = Σ m_i; gradient 1[m_i > 0], for the class −Σ 1[m_i > 0]; h = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func evaluateHinge<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
) -> Double {
  curvature.elements.fill(0)
  var loss = 0.0
  for sample in 0..<outputs.rows {
    let (m, c) = (gradient[sample], argMax(targets[sample]))
    writeMargins(outputs[sample], class: c, into: m)
    var violations: Scalar = 0
    for k in 0..<m.count {
      loss += Double(m[k])
      m[k] = m[k] > 0 ? 1 : 0
      violations += m[k]
    }
    m[c] = -violations
  }
  return loss
}

/// f = Σ m_i²; gradient 2 m_i, for the class −2 Σ m_i; h = 2·1[m_i > 0], for the class 2 Σ 1[m_i > 0].
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func evaluateSquaredHinge<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
) -> Double {
  var loss = 0.0
  for sample in 0..<outputs.rows {
    let (m, h, c) = (gradient[sample], curvature[sample], argMax(targets[sample]))
    writeMargins(outputs[sample], class: c, into: m)
    var (violations, sum): (Scalar, Scalar) = (0, 0)
    for k in 0..<m.count {
      loss += Double(m[k]) * Double(m[k])
      h[k] = m[k] > 0 ? 2 : 0
      violations += h[k]
      sum += m[k]
      m[k] *= 2
    }
    m[c] = -2 * sum
    h[c] = violations
  }
  return loss
}

/// Σ_s Σ 2 (ẏ_i − ẏ_c)² over the units i ≠ c whose margin is positive, which have h_i > 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func squaredHingeQuadraticForm<Scalar: Real>(
  _ h: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ yTangent: Matrix<Scalar>
) -> Scalar {
  var total: Scalar = 0
  for sample in 0..<h.rows {
    let (tangent, c) = (yTangent[sample], argMax(targets[sample]))
    for k in 0..<tangent.count where k != c && h[sample][k] > 0 {
      total += 2 * (tangent[k] - tangent[c]) * (tangent[k] - tangent[c])
    }
  }
  return total
}
