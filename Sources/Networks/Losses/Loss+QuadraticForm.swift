internal import Kernels

extension Loss {
  /// Σ_s ẏᵀ H ẏ with H the Hessian of each sample's loss in its outputs.
  ///
  /// - Parameters:
  ///   - curvature: h = ∂²f/∂y² as ``evaluate(outputs:targets:gradient:curvature:)`` writes it, [samples × outputs].
  ///   - yTangent: ẏ, [samples × outputs].
  func quadraticForm<Scalar: Real>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, curvature: Matrix<Scalar>, of yTangent: Matrix<Scalar>
  ) -> Scalar {
    switch self {
    case .squaredError, .sigmoidCrossEntropy: diagonalQuadraticForm(curvature, yTangent)
    case .softmaxCrossEntropy: softmaxQuadraticForm(outputs, yTangent)
    case .hinge: 0
    case .squaredHinge: squaredHingeQuadraticForm(curvature, targets, yTangent)
    }
  }
}

/// Σ h ẏ².
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func diagonalQuadraticForm<Scalar: Real>(_ h: Matrix<Scalar>, _ yTangent: Matrix<Scalar>) -> Scalar {
  (0..<h.elements.count).reduce(0) { $0 + h.elements[$1] * yTangent.elements[$1] * yTangent.elements[$1] }
}
