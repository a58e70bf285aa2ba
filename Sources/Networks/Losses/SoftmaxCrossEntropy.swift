internal import Kernels

struct SoftmaxCrossEntropy: LossFunction {
  let name = "softmaxCrossEntropy"
  let targets = LossTargets.distribution
  let hasDiagonalHessian = false

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double { evaluateSoftmaxCrossEntropy(outputs, targets, gradient, curvature) }

  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar { softmaxQuadraticForm(outputs, yTangent) }
}

/// f = −Σ t_i log p_i with p = softmax(y), Σ t = 1; gradient p_i − t_i.
///
/// The row's maximum is subtracted before exp, log p = y − max − log Σ exp(y − max), and h_i = p_i (1 − p_i) is computed
/// as p_i Σ_{k≠i} p_k, which keeps its digits where p_i rounds to 1.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func evaluateSoftmaxCrossEntropy<Scalar: Real>(
  _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
) -> Double {
  for sample in 0..<outputs.rows {
    let y = outputs[sample]
    let maximum = y[argMax(y)]
    map(y, into: gradient[sample]) { $0 - maximum }
  }
  exp(gradient.elements, into: gradient.elements)

  var loss = 0.0
  for sample in 0..<outputs.rows {
    let (y, t) = (outputs[sample], targets[sample])
    let (p, h) = (gradient[sample], curvature[sample])
    let top = argMax(y)
    var others: Scalar = 0
    for k in 0..<p.count where k != top { others += p[k] }
    let sum = p[top] + others
    let logSum = Scalar.log1p(others)
    for k in 0..<p.count where t[k] != 0 {
      loss -= Double(t[k]) * Double(y[k] - y[top] - logSum)
    }
    update(p) { $0 / sum }
    // h_i is p_i times the share of all units but i. For all units except the greatest, 1 − p_i has no cancellation.
    map(p, into: h) { $0 * (1 - $0) }
    h[top] = p[top] * (others / sum)
    update(p, t) { $0 - $1 }
    // At the class itself p − 1 would lose the digits of a confident prediction.
    if t[top] == 1 { p[top] = -(others / sum) }
  }
  return loss
}

/// Σ_s Σ_i p_i (ẏ_i − Σ_k p_k ẏ_k)², which does not depend on the targets.
///
/// ẏ is taken relative to the ẏ of the greatest output. Where p of that output rounds to 1, the small shares then keep
/// their digits.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func softmaxQuadraticForm<Scalar: Real>(_ outputs: Matrix<Scalar>, _ yTangent: Matrix<Scalar>) -> Scalar {
  var total: Scalar = 0
  for sample in 0..<outputs.rows {
    let (y, tangent) = (outputs[sample], yTangent[sample])
    let top = argMax(y)
    var (sum, mean): (Scalar, Scalar) = (0, 0)
    for k in 0..<y.count {
      let share = Scalar.exp(y[k] - y[top])
      sum += share
      mean += share * (tangent[k] - tangent[top])
    }
    mean /= sum
    for k in 0..<y.count {
      let deviation = tangent[k] - tangent[top] - mean
      total += Scalar.exp(y[k] - y[top]) / sum * deviation * deviation
    }
  }
  return total
}

extension SoftmaxCrossEntropy: SoftLabelLoss {
  /// softmax(z).
  func softLabels<Scalar: Real>(_ z: Matrix<Scalar>, into labels: Matrix<Scalar>) { softmax(z, into: labels) }

  /// −q ∘ (y − ⟨q, y⟩), q = softmax(z): log p = y − log Σ exp(y), and the logarithm drops out.
  func labelChange<Scalar: Real>(labels: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
    softmaxChange(labels, y, into: change)
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
private func softmaxChange<Scalar: Real>(_ q: Matrix<Scalar>, _ y: Matrix<Scalar>, into change: Matrix<Scalar>) {
  for sample in 0..<q.rows {
    let (q, y, change) = (q[sample], y[sample], change[sample])
    var mean: Scalar = 0
    for k in 0..<q.count { mean += q[k] * y[k] }
    map(q, y, into: change) { q, y in -q * (y - mean) }
  }
}
