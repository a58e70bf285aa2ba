internal import Kernels

/// The activation functions σ. Each has a file of its own with its value and its first two derivatives.
public enum Activation: String, Codable, CaseIterable, Sendable {
  case identity, sigmoid, tanh, softplus, relu, leakyRelu, elu, swish

  /// Replaces each z by σ(z) and writes σ'(z) and σ''(z). The three vectors are equally long and do not overlap.
  ///
  /// Not-a-number passes through, so that a diverging run shows in its loss.
  func evaluate<Scalar: Real>(_ values: Vector<Scalar>, slopes: Vector<Scalar>, curvatures: Vector<Scalar>) {
    // In parts that stay in the first-level cache between the loops of one function.
    for start in stride(from: 0, to: values.count, by: 1024) {
      let part = start..<min(start + 1024, values.count)
      evaluatePart(values[part], slopes[part], curvatures[part])
    }
  }

  private func evaluatePart<Scalar: Real>(
    _ values: Vector<Scalar>, _ slopes: Vector<Scalar>, _ curvatures: Vector<Scalar>
  ) {
    switch self {
    case .identity: evaluateIdentity(values, slopes, curvatures)
    case .sigmoid: evaluateSigmoid(values, slopes, curvatures)
    case .tanh: evaluateTanh(values, slopes, curvatures)
    case .softplus: evaluateSoftplus(values, slopes, curvatures)
    case .relu: evaluateRelu(values, slopes, curvatures)
    case .leakyRelu: evaluateLeakyRelu(values, slopes, curvatures)
    case .elu: evaluateElu(values, slopes, curvatures)
    case .swish: evaluateSwish(values, slopes, curvatures)
    }
  }
}
