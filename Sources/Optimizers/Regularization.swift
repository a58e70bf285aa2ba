public import Kernels
public import Networks

/// (M2) R(w) = ½ ρ₂ ‖w‖² + ρ₁ ‖w‖₁, over the weights and, unless they are excluded, the biases.
public struct Regularization: Equatable, Sendable {
  public var l2: Double
  public var l1: Double
  public var includingBiases: Bool

  public init(l2: Double = 0, l1: Double = 0, includingBiases: Bool = true) {
    (self.l2, self.l1, self.includingBiases) = (l2, l1, includingBiases)
  }

  /// (ρ₂, ρ₁) for one block of parameters; (0, 0) for running averages.
  func strengths(_ role: ParameterShape.Role) -> (l2: Double, l1: Double) {
    role == .weight || (role == .bias && includingBiases) ? (l2, l1) : (0, 0)
  }

  /// R(w), summed in Double.
  public func value<Scalar: Real>(_ parameters: Vector<Scalar>, _ layout: ParameterLayout) -> Double {
    var total = 0.0
    for block in layout.blocks {
      let (l2, l1) = strengths(block.role)
      let w = parameters[block.range]
      if l2 != 0 { total += l2 / 2 * w.squareSum }
      if l1 != 0 { total += l1 * magnitudeSum(w) }
    }
    return total
  }
}

/// ∂(J + R)/∂w from ∂J/∂w: g + ρ₂ w + ρ₁ sign(w), sign(0) = 0.
@inline(__always)
func regularized<Scalar: Real>(_ gradient: Scalar, at w: Scalar, l2: Scalar, l1: Scalar) -> Scalar {
  let sign: Scalar = w > 0 ? 1 : (w < 0 ? -1 : 0)
  return gradient + l2 * w + l1 * sign
}

/// Σ |x|, summed in Double.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func magnitudeSum<Scalar: Real>(_ x: Vector<Scalar>) -> Double {
  (0..<x.count).reduce(0) { $0 + Double(x[$1].magnitude) }
}

/// R and its derivatives for a single parameter, for the gradient checks.
extension Regularization {
  /// ½ ρ₂ w² + ρ₁ |w|.
  public func value(of w: Double, _ role: ParameterShape.Role) -> Double {
    let (l2, l1) = strengths(role)
    return l2 / 2 * w * w + l1 * w.magnitude
  }

  /// ρ₂ w + ρ₁ sign(w), with sign(0) = 0.
  public func slope(at w: Double, _ role: ParameterShape.Role) -> Double {
    let (l2, l1) = strengths(role)
    return regularized(0, at: w, l2: l2, l1: l1)
  }

  /// ρ₂, the second derivative of the L2 term; that of the L1 term is 0 except at its kink.
  public func curvature(_ role: ParameterShape.Role) -> Double { strengths(role).l2 }

  /// Whether R has a kink at w = 0.
  public func hasKink(_ role: ParameterShape.Role) -> Bool { strengths(role).l1 != 0 }
}
