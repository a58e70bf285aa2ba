/// A chain of affine and activation layers (M1) in plain arrays.
///
/// The parameters have one order everywhere in this library: for each dense layer, from the input to the output,
/// the weight matrix row by row, then the bias; for each normalisation the scales, then the shifts.
public struct ReferenceNetwork: Sendable, Equatable {
  public enum Layer: Sendable, Equatable {
    /// z = W y + b with W as rows of [outputs × inputs]. An empty `bias` means a layer without bias.
    case dense(weight: [[Double]], bias: [Double])
    /// y⁺ = σ(z), unit by unit.
    case activation(ReferenceActivation)
    /// Batch normalisation with a fixed mean and variance, unit by unit.
    case normalization(ReferenceNormalization)
    /// y⁺ = m y, unit by unit: dropout with one fixed mask for every sample.
    case mask([Double])
    /// y⁺ = y + F(y) with the layers of F.
    case residual([Layer])
  }

  public var layers: [Layer]

  public init(layers: [Layer]) {
    self.layers = layers
  }

  /// The activations in the order of the layers.
  public var activations: [ReferenceActivation] {
    layers.flatMap { layer -> [ReferenceActivation] in
      switch layer {
      case .activation(let activation): [activation]
      case .residual(let branch): ReferenceNetwork(layers: branch).activations
      case .dense, .normalization, .mask: []
      }
    }
  }

  /// All weights and biases, scales and shifts in the order of the parameters.
  public var parameters: [Double] {
    var result: [Double] = []
    for layer in layers {
      switch layer {
      case .dense(let weight, let bias): result += weight.joined() + bias
      case .normalization(let normalization): result += normalization.scale + normalization.shift
      case .residual(let branch): result += ReferenceNetwork(layers: branch).parameters
      case .activation, .mask: break
      }
    }
    return result
  }

  /// The same network with other parameters.
  public func replacingParameters(_ values: [Double]) -> ReferenceNetwork {
    precondition(values.count == parameters.count, "There is one value for each parameter.")
    var position = 0
    func take(_ count: Int) -> [Double] {
      defer { position += count }
      return Array(values[position..<position + count])
    }
    var result: [Layer] = []
    for layer in layers {
      switch layer {
      case .dense(let weight, let bias):
        var rows: [[Double]] = []
        for row in weight { rows.append(take(row.count)) }
        result.append(.dense(weight: rows, bias: take(bias.count)))
      case .normalization(var normalization):
        normalization.scale = take(normalization.scale.count)
        normalization.shift = take(normalization.shift.count)
        result.append(.normalization(normalization))
      case .residual(let branch):
        let inner = ReferenceNetwork(layers: branch)
        result.append(.residual(inner.replacingParameters(take(inner.parameters.count)).layers))
      case .activation, .mask:
        result.append(layer)
      }
    }
    return ReferenceNetwork(layers: result)
  }

  /// y^(L) of (M1) for one sample.
  public func outputs(of input: [Double]) -> [Double] {
    var y = input
    for layer in layers { y = layer.outputs(of: y) }
    return y
  }

  /// J of (M2) without R: the mean over the samples of the loss.
  public func meanLoss(_ loss: ReferenceLoss, inputs: [[Double]], targets: [[Double]]) -> Double {
    precondition(inputs.count == targets.count, "There is one target for each sample.")
    var sum = 0.0
    for s in inputs.indices { sum += loss.value(outputs: outputs(of: inputs[s]), target: targets[s]) }
    return sum / Double(inputs.count)
  }
}

extension ReferenceNetwork.Layer {
  /// (M1) for one layer and one sample.
  func outputs(of y: [Double]) -> [Double] {
    switch self {
    case .dense(let weight, let bias):
      var z: [Double] = []
      for i in weight.indices {
        precondition(weight[i].count == y.count, "A weight row has one number for each input.")
        var sum = bias.isEmpty ? 0 : bias[i]
        for j in y.indices { sum += weight[i][j] * y[j] }
        z.append(sum)
      }
      return z
    case .activation(let activation):
      return y.map { activation.value($0) }
    case .normalization(let normalization):
      return y.indices.map { j in
        normalization.scale[j] * normalization.normalized(y[j], unit: j) + normalization.shift[j]
      }
    case .mask(let mask):
      return y.indices.map { mask[$0] * y[$0] }
    case .residual(let branch):
      let f = ReferenceNetwork(layers: branch).outputs(of: y)
      precondition(f.count == y.count, "A branch gives as many numbers as it gets.")
      return y.indices.map { y[$0] + f[$0] }
    }
  }
}
