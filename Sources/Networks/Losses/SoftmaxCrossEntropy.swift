internal import Kernels

/// f = −Σ t_i log p_i with p = softmax(y), Σ t = 1; gradient p_i − t_i.
///
/// The row's maximum is subtracted before exp, log p = y − max − log Σ exp(y − max), and h_i = p_i (1 − p_i) is computed
/// as p_i Σ_{k≠i} p_k, which keeps its digits where p_i rounds to 1.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func evaluateSoftmaxCrossEntropy<Scalar: Real>(
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
    // The share of all units but i; for all except the greatest, 1 − p_i has no cancellation.
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
/// ẏ is taken relative to that of the greatest output: where p rounds to 1 there, the small shares keep their digits.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func softmaxQuadraticForm<Scalar: Real>(_ outputs: Matrix<Scalar>, _ yTangent: Matrix<Scalar>) -> Scalar {
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
