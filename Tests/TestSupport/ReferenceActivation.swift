import Foundation

/// The activations of section 1 with their first and second derivatives, one number at a time.
///
/// The raw values are the names that configurations use. Written in the form that loses the fewest digits
/// (`1/cosh²` and not `1 − tanh²`), so that a saturated unit still has a derivative with a small *relative* error.
/// At a kink the derivatives are those from the left: relu has σ'(0) = 0, leakyRelu has σ'(0) = 0.01, elu has
/// σ''(0) = 1.
public enum ReferenceActivation: String, CaseIterable, Codable, Sendable {
  case identity, sigmoid, tanh, softplus, relu, leakyRelu, elu, swish

  /// The slope of leakyRelu for z ≤ 0.
  public static let leak = 0.01

  /// Whether σ'' = 0 wherever it exists; on networks of such activations Σ Ẅ has a closed form
  /// (``ReferenceStatistics/curvatureAtOutput``).
  public var isPiecewiseLinear: Bool {
    switch self {
    case .identity, .relu, .leakyRelu: true
    case .sigmoid, .tanh, .softplus, .elu, .swish: false
    }
  }

  /// σ(z) of (M1).
  public func value(_ z: Double) -> Double {
    switch self {
    case .identity: z
    case .sigmoid: logistic(z)
    case .tanh: Foundation.tanh(z)
    case .softplus: max(z, 0) + log1p(exp(-abs(z)))
    case .relu: max(z, 0)
    case .leakyRelu: z > 0 ? z : Self.leak * z
    case .elu: z > 0 ? z : expm1(z)
    case .swish: z * logistic(z)
    }
  }

  /// σ'(z).
  public func firstDerivative(_ z: Double) -> Double {
    switch self {
    case .identity: 1
    case .sigmoid: logistic(z) * logistic(-z)
    case .tanh: 1 / (cosh(z) * cosh(z))
    case .softplus: logistic(z)
    case .relu: z > 0 ? 1 : 0
    case .leakyRelu: z > 0 ? 1 : Self.leak
    case .elu: z > 0 ? 1 : exp(z)
    case .swish: logistic(z) + z * logistic(z) * logistic(-z)
    }
  }

  /// σ''(z).
  public func secondDerivative(_ z: Double) -> Double {
    switch self {
    case .identity, .relu, .leakyRelu: 0
    case .sigmoid: logistic(z) * logistic(-z) * (logistic(-z) - logistic(z))
    case .tanh: -2 * Foundation.tanh(z) / (cosh(z) * cosh(z))
    case .softplus: logistic(z) * logistic(-z)
    case .elu: z > 0 ? 0 : exp(z)
    case .swish: logistic(z) * logistic(-z) * (2 + z * (logistic(-z) - logistic(z)))
    }
  }
}

/// 1/(1 + e^−z), with a small relative error for every z; its complement is `logistic(-z)`.
func logistic(_ z: Double) -> Double {
  z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))
}
