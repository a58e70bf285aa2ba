import Foundation

/// The losses f of the table in section 1, for the logits y and the target t of one sample.
///
/// The raw values are the names that configurations use. Targets are one number per output unit: probabilities that
/// add to 1 for `softmaxCrossEntropy`, and for the hinges the class is the arg-max (the first, if several are
/// equal).
public enum ReferenceLoss: String, CaseIterable, Codable, Sendable {
  case squaredError, softmaxCrossEntropy, sigmoidCrossEntropy, hinge, squaredHinge

  /// Δ of the hinges.
  public static let margin = 1.0

  /// Whether the Hessian in y is a diagonal matrix, so that (M6) applies. The Hessian of `hinge` is zero.
  public var isDiagonal: Bool {
    switch self {
    case .squaredError, .sigmoidCrossEntropy, .hinge: true
    case .softmaxCrossEntropy, .squaredHinge: false
    }
  }

  /// f(y | t), summed over the output units.
  public func value(outputs y: [Double], target t: [Double]) -> Double {
    precondition(y.count == t.count, "A target has one number for each output unit.")
    var sum = 0.0
    switch self {
    case .squaredError:
      for i in y.indices { sum += (y[i] - t[i]) * (y[i] - t[i]) }
    case .softmaxCrossEntropy:
      let top = y.max() ?? 0
      var exponentials = 0.0
      for i in y.indices { exponentials += exp(y[i] - top) }
      for i in y.indices where t[i] != 0 { sum -= t[i] * (y[i] - top - log(exponentials)) }
    case .sigmoidCrossEntropy:
      for i in y.indices { sum += max(y[i], 0) - t[i] * y[i] + log1p(exp(-abs(y[i]))) }
    case .hinge:
      for m in margins(y, t) { sum += m }
    case .squaredHinge:
      for m in margins(y, t) { sum += m * m }
    }
    return sum
  }

  /// ∂f/∂y_i for every output unit i.
  public func gradient(outputs y: [Double], target t: [Double]) -> [Double] {
    precondition(y.count == t.count, "A target has one number for each output unit.")
    switch self {
    case .squaredError:
      return y.indices.map { 2 * (y[$0] - t[$0]) }
    case .softmaxCrossEntropy:
      let p = softmax(y)
      return y.indices.map { p[$0] - t[$0] }
    case .sigmoidCrossEntropy:
      return y.indices.map { logistic(y[$0]) - t[$0] }
    case .hinge:
      return againstTheClass(margins(y, t).map { $0 > 0 ? 1 : 0 }, t)
    case .squaredHinge:
      return againstTheClass(margins(y, t).map { 2 * $0 }, t)
    }
  }

  /// h_i = ∂²f/∂y_i² for every output unit i, the diagonal of ``hessian(outputs:target:)``.
  public func secondDerivatives(outputs y: [Double], target t: [Double]) -> [Double] {
    let matrix = hessian(outputs: y, target: t)
    return y.indices.map { matrix[$0][$0] }
  }

  /// ∂²f/∂y_i∂y_k, [outputs × outputs], away from kinks.
  public func hessian(outputs y: [Double], target t: [Double]) -> [[Double]] {
    precondition(y.count == t.count, "A target has one number for each output unit.")
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: y.count), count: y.count)
    switch self {
    case .squaredError:
      for i in y.indices { matrix[i][i] = 2 }
    case .softmaxCrossEntropy:
      let p = softmax(y)
      for i in y.indices {
        for k in y.indices where k != i {
          matrix[i][k] = -p[i] * p[k]
          matrix[i][i] += p[i] * p[k]
        }
      }
    case .sigmoidCrossEntropy:
      for i in y.indices { matrix[i][i] = logistic(y[i]) * logistic(-y[i]) }
    case .hinge:
      break
    case .squaredHinge:
      let c = classIndex(t)
      let m = margins(y, t)
      for i in y.indices where m[i] > 0 {
        matrix[i][i] += 2
        matrix[c][c] += 2
        matrix[i][c] -= 2
        matrix[c][i] -= 2
      }
    }
    return matrix
  }

  private func softmax(_ y: [Double]) -> [Double] {
    let top = y.max() ?? 0
    var sum = 0.0
    for value in y { sum += exp(value - top) }
    return y.map { exp($0 - top) / sum }
  }

  /// m_i = max(0, y_i − y_c + Δ), m_c = 0.
  private func margins(_ y: [Double], _ t: [Double]) -> [Double] {
    let c = classIndex(t)
    return y.indices.map { $0 == c ? 0 : max(0, y[$0] - y[c] + Self.margin) }
  }

  /// Adds the derivative for the class c: what every other unit gains, the class loses.
  private func againstTheClass(_ others: [Double], _ t: [Double]) -> [Double] {
    var result = others
    var sum = 0.0
    for value in others { sum += value }
    result[classIndex(t)] = -sum
    return result
  }

  private func classIndex(_ t: [Double]) -> Int {
    var best = 0
    for i in t.indices where t[i] > t[best] { best = i }
    return best
  }
}
