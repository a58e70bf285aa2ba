public import Kernels

/// The second-order Taylor polynomial of the loss of one minibatch, along any direction v of the parameters.
///
/// `d²/dt² Σ_s f_s(w + t v) = Σ_s [ẏᵀ H ẏ + Σ_layers Ẏ⁺ · ÿ⁺]` with ẏ the tangent at the output, H the Hessian of the
/// loss there, and ÿ⁺ the layer's own contribution to the second derivative of its value: 2 V ẏ at an affine layer,
/// σ''(z) ż² at an activation. Without products of parameter and input changes such as 2 V ẏ, it is the model J̃ of
/// (M12). Ẏ does not depend on v and is computed once; a direction costs one forward-mode pass. The statistics of batch
/// normalisation count as constants, and dropout has the masks of the pass.
public final class SecondOrderModel<Scalar: Real> {
  private let network: Network<Scalar>
  private let inputs: Matrix<Scalar>
  private let targets: Matrix<Scalar>
  private let parameters: Vector<Scalar>
  private let loss: Loss

  private let outputs: Matrix<Scalar>
  /// h of the loss at the outputs, [samples × outputs].
  private let outputCurvature: Matrix<Scalar>
  /// Ẏ at the boundaries above layers with parameters, [samples × units], each in memory of its own.
  private let yDots: [Matrix<Scalar>]
  private let tangents: Tangents<Scalar>

  /// The model at the network's last forward pass, which must have been an evaluation or a pass with frozen statistics.
  ///
  /// The network must not run another forward pass while the model is in use.
  ///
  /// - Parameters:
  ///   - inputs: the minibatch of the last forward pass, [samples × inputs].
  ///   - targets: [samples × outputs].
  ///   - parameters: the parameters of the last forward pass; they must not change.
  public init(
    _ network: Network<Scalar>, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss
  ) {
    (self.network, self.inputs, self.targets) = (network, inputs, targets)
    (self.parameters, self.loss) = (parameters, loss)
    let (samples, plan) = (inputs.rows, network.plan)
    tangents = Tangents(network, samples: samples)
    outputs = network.outputs(of: inputs)
    outputCurvature = Matrix(rows: samples, columns: outputs.columns)
    let yDots = plan.boundaries.map { boundary in
      boundary.carriesTotalGradient ? Matrix(rows: samples, columns: boundary.shape.count) : network.none
    }
    self.yDots = yDots
    _ = loss.evaluate(outputs: outputs, targets: targets, gradient: yDots[plan.top], curvature: outputCurvature)
    do {
      try network.walkBack(
        from: plan.top, inputs: inputs, parameters: parameters, bound: .paper, wantsCurvature: false
      ) {
        Sensitivity(yDot: yDots[$0], z: nil)
      } visit: { _, _, _ in
      } passBack: { layer, site in
        try layer.backward(site, over: SingleRank())
      }
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }

  /// The first and second derivative of `Σ_s f_s(w + t v)` at t = 0, without regularisation.
  ///
  /// - Parameters:
  ///   - model: ``Bound/full`` for the exact second derivative, ``Bound/paper`` for the second derivative of the model
  ///     of (M12).
  /// - Complexity: one forward-mode pass; the exact derivative needs one more product for each affine layer but the
  ///   first.
  public func derivatives(along v: Vector<Scalar>, _ model: Bound) -> (first: Scalar, second: Scalar) {
    let yTangent = tangents.outputs(along: v, inputs: inputs, parameters: parameters)
    let first = yDots[network.plan.top].elements.dot(yTangent.elements)
    var second = loss.quadraticForm(outputs: outputs, targets: targets, curvature: outputCurvature, of: yTangent)
    for (step, layer) in network.layers.enumerated()
    where network.plan.boundaries[network.plan.steps[step].input].carriesTotalGradient {
      guard let layer else { continue }
      second += layer.secondDerivative(
        tangents.site(step, inputs, parameters, above: yDots[step + 1]), along: v[network.layout.slices[step]], model)
    }
    return (first, second)
  }
}
