public import Kernels

/// Forward mode: the derivative of a network's values along a direction v of its parameters, J v for every sample at once.
///
/// Taken at the network's last forward pass, with that pass's dropout masks; mean and variance of batch normalisation count
/// as constants. The input does not depend on the parameters, so that ẏ = 0 below the lowest layer that has some.
public final class Tangents<Scalar: Real> {
  private let network: Network<Scalar>
  /// ẏ at the boundaries above ``Network/lowestTrained``, [samples × units], each in memory of its own.
  private let values: [Matrix<Scalar>]

  /// - Parameters:
  ///   - samples: the most samples of a forward pass.
  public init(_ network: Network<Scalar>, samples: Int) {
    self.network = network
    let none = Matrix<Scalar>(rows: 0, columns: 0)
    values =
      [none]
      + network.layers.indices.map { index in
        index < network.lowestTrained ? none : Matrix(rows: samples, columns: network.layers[index].outputs)
      }
  }

  /// ẏ at the output, [samples × outputs]; valid until the next call.
  ///
  /// - Parameters:
  ///   - v: the direction, in the order of the network's layout.
  ///   - inputs: the minibatch of the last forward pass.
  ///   - parameters: those of the last forward pass.
  /// - Complexity: a forward pass with two products for each affine layer and one for the first.
  public func outputs(
    along v: Vector<Scalar>, inputs: Matrix<Scalar>, parameters: Vector<Scalar>
  ) -> Matrix<Scalar> {
    for index in network.lowestTrained..<network.layers.count {
      let slice = network.layout.slices[index]
      network.layers[index].tangent(
        below: below(index, samples: inputs.rows), input: network.value(at: index, inputs),
        parameters: parameters[slice], direction: v[slice], into: values[index + 1].prefix(inputs.rows))
    }
    return values[network.layers.count].prefix(inputs.rows)
  }

  /// ẏ of the last direction below a layer, nil where it is zero.
  func below(_ layer: Int, samples: Int) -> Matrix<Scalar>? {
    layer > network.lowestTrained ? values[layer].prefix(samples) : nil
  }
}
