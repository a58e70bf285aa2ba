public import Kernels

/// Forward mode: the derivative of a network's values along a direction v of its parameters, J v for every sample at once.
///
/// Taken at the network's last forward pass, with that pass's dropout masks; mean and variance of batch normalisation
/// count as constants. The input does not depend on the parameters, so ẏ = 0 below the lowest layers with parameters.
public final class Tangents<Scalar: Real> {
  private let network: Network<Scalar>
  /// ẏ at the boundaries above layers with parameters, [samples × units], each in memory of its own.
  private let values: [Matrix<Scalar>]

  /// - Parameters:
  ///   - samples: the largest number of samples of a forward pass.
  public init(_ network: Network<Scalar>, samples: Int) {
    self.network = network
    values = network.plan.boundaries.map { boundary in
      boundary.carriesTotalGradient ? Matrix(rows: samples, columns: boundary.shape.count) : network.none
    }
  }

  /// ẏ at the output, [samples × outputs]; valid until the next call.
  ///
  /// - Parameters:
  ///   - v: the direction, in the order of the network's layout.
  ///   - inputs: the minibatch of the last forward pass.
  ///   - parameters: the parameters of the last forward pass.
  /// - Complexity: a forward pass with two products for each affine layer and one for the first.
  public func outputs(
    along v: Vector<Scalar>, inputs: Matrix<Scalar>, parameters: Vector<Scalar>
  ) -> Matrix<Scalar> {
    let plan = network.plan
    for step in 0..<plan.top where plan.boundaries[step + 1].carriesTotalGradient {
      if let layer = network.layers[step] {
        layer.tangent(site(step, inputs, parameters), along: v[network.layout.slices[step]])
      } else if case .sum(let other) = plan.steps[step].operation {
        let above = values[step + 1].prefix(inputs.rows).elements
        above.copy(from: values[plan.steps[step].input].prefix(inputs.rows).elements)
        if let beside = tangent(at: other, rows: inputs.rows) { above.add(beside.elements) }
      }
    }
    return values[plan.top].prefix(inputs.rows)
  }

  /// What a layer sees: the tangents along the last direction, and Ẏ of a loss.
  ///
  /// - Parameter yDot: Ẏ above the layer, where it is needed.
  func site(
    _ step: Int, _ inputs: Matrix<Scalar>, _ parameters: Vector<Scalar>, above yDot: Matrix<Scalar>? = nil
  ) -> Site<Scalar> {
    func signals(_ boundary: Int, _ yDot: Matrix<Scalar>) -> SiteSignals<Scalar> {
      SiteSignals(
        y: network.value(at: boundary, inputs), u: nil, yDot: yDot, z: nil,
        tangent: tangent(at: boundary, rows: inputs.rows))
    }
    return network.site(
      step, parameters, .paper, below: signals(network.plan.steps[step].input, network.none),
      above: signals(step + 1, yDot ?? network.none))
  }

  /// ẏ of the last direction at a boundary, nil where it is zero.
  private func tangent(at boundary: Int, rows: Int) -> Matrix<Scalar>? {
    network.plan.boundaries[boundary].carriesTotalGradient ? values[boundary].prefix(rows) : nil
  }
}
