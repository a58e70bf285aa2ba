public import Networks

/// R and its derivatives for a single parameter, for the checks.
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

  /// ρ₂; the magnitude of L1 has none, except at its kink.
  public func curvature(_ role: ParameterShape.Role) -> Double { strengths(role).l2 }

  /// Whether R has a kink at w = 0.
  public func hasKink(_ role: ParameterShape.Role) -> Bool { strengths(role).l1 != 0 }
}
