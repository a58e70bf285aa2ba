internal import Kernels

/// The activation functions σ. Each has a file of its own with its value and its first two derivatives.
public enum Activation: String, Codable, CaseIterable, Sendable {
  case identity, sigmoid, tanh, softplus, relu, leakyRelu, elu, swish

  /// Whether σ(z) ≥ 0 for every z.
  var isNonNegative: Bool {
    switch self {
    case .sigmoid, .softplus, .relu: true
    case .identity, .tanh, .leakyRelu, .elu, .swish: false
    }
  }

  /// Writes σ(z), σ'(z) and σ''(z) of each element. The four vectors are equally long and do not overlap.
  ///
  /// Not-a-number passes through, so that a diverging run shows in its loss.
  func evaluate<Scalar: Real>(
    _ z: Vector<Scalar>, value: Vector<Scalar>, slope: Vector<Scalar>, curvature: Vector<Scalar>
  ) {
    switch self {
    case .identity: evaluateIdentity(z, value, slope, curvature)
    case .sigmoid: evaluateSigmoid(z, value, slope, curvature)
    case .tanh: evaluateTanh(z, value, slope, curvature)
    case .softplus: evaluateSoftplus(z, value, slope, curvature)
    case .relu: evaluateRelu(z, value, slope, curvature)
    case .leakyRelu: evaluateLeakyRelu(z, value, slope, curvature)
    case .elu: evaluateElu(z, value, slope, curvature)
    case .swish: evaluateSwish(z, value, slope, curvature)
    }
  }
}
