public import Kernels

/// The second-order Taylor polynomial of the loss of one minibatch, along any direction v of the parameters.
///
/// `d²/dt² Σ_s f_s(w + t v) = Σ_s [ẏᵀ H ẏ + Σ_layers Ẏ⁺ · ÿ⁺]` with ẏ the tangent at the output, H the loss's Hessian there,
/// and ÿ⁺ what a layer itself adds to the second derivative of its value: σ''(z) ż² at an activation, 2 V ẏ at an affine
/// layer. Without the latter it is the model J̃ of (M12). Ẏ does not depend on v and is computed once; a direction costs
/// one forward-mode pass. Statistics of batch normalisation count as constants, masks of dropout are those of the pass.
public final class SecondOrderModel<Scalar: Real> {
  private let network: Network<Scalar>
  private let inputs: Matrix<Scalar>
  private let targets: Matrix<Scalar>
  private let parameters: Vector<Scalar>
  private let loss: Loss

  private let outputs: Matrix<Scalar>
  /// h of the loss at the outputs, [samples × outputs].
  private let outputCurvature: Matrix<Scalar>
  /// Ẏ at the boundaries above ``Network/lowestTrained``, [samples × units].
  private var yDots: [Matrix<Scalar>]
  private let tangents: Tangents<Scalar>

  /// The model at the network's last forward pass, which must have been an evaluation or with frozen statistics.
  ///
  /// The network must not be given another forward pass as long as the model is used.
  ///
  /// - Parameters:
  ///   - inputs: the minibatch of the last forward pass, [samples × inputs].
  ///   - targets: [samples × outputs].
  ///   - parameters: those of the last forward pass; they must not change.
  public init(
    _ network: Network<Scalar>, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss
  ) {
    (self.network, self.inputs, self.targets) = (network, inputs, targets)
    (self.parameters, self.loss) = (parameters, loss)
    let (samples, layers) = (inputs.rows, network.layers)
    tangents = Tangents(network, samples: samples)
    outputs = network.value(at: layers.count, inputs)
    outputCurvature = Matrix(rows: samples, columns: outputs.columns)
    let none = Matrix<Scalar>(rows: 0, columns: 0)
    yDots = layers.map { _ in none } + [Matrix(rows: samples, columns: outputs.columns)]
    _ = loss.evaluate(
      outputs: outputs, targets: targets, gradient: yDots[layers.count], curvature: outputCurvature)
    for index in (network.lowestTrained + 1..<layers.count).reversed() {
      let below = Matrix<Scalar>(rows: samples, columns: layers[index].inputs)
      var above = yDots[index + 1]
      // A layer that works in place gets a copy, so that Ẏ above it stays.
      if layers[index].worksInPlace {
        below.elements.copy(from: above.elements)
        above = below
      }
      layers[index].backward(
        above: Sensitivity(yDot: above, z: nil), below: Sensitivity(yDot: below, z: nil), totalGradientBelow: nil,
        parameters: parameters[network.layout.slices[index]], bound: .paper)
      yDots[index] = below
    }
  }

  /// The first and second derivative of `Σ_s f_s(w + t v)` at t = 0, without regularisation.
  ///
  /// - Parameters:
  ///   - model: ``Bound/full`` for the exact second derivative, ``Bound/paper`` for that of (M12)'s model.
  /// - Complexity: one forward-mode pass, and one more product for each affine layer but the first where exact.
  public func derivatives(along v: Vector<Scalar>, _ model: Bound) -> (first: Scalar, second: Scalar) {
    let yTangent = tangents.outputs(along: v, inputs: inputs, parameters: parameters)
    let first = yDots[network.layers.count].elements.dot(yTangent.elements)
    var second = loss.quadraticForm(outputs: outputs, targets: targets, curvature: outputCurvature, of: yTangent)
    for index in network.lowestTrained + 1..<network.layers.count {
      guard let below = tangents.below(index, samples: inputs.rows) else { continue }
      second += network.layers[index].secondDerivative(
        tangentBelow: below, above: yDots[index + 1], direction: v[network.layout.slices[index]], model)
    }
    return (first, second)
  }
}
