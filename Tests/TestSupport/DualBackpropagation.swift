/// Backpropagation of one sample at w + τ v: the gradient, and its derivative in the direction v (a row of the
/// Hessian times v).
///
/// Both kinds of affine layers have the same z and the same ż = Σ w ẏ + v y + v_b. They differ in what the backward
/// pass multiplies with: w and y as dual numbers for the exact layer; w₀ and y₀, which are constants, for the layer
/// of (M12).
struct DualBackpropagation {
  private enum Layer {
    case dense(weight: [[Dual]], bias: [Dual])
    case activation(ReferenceActivation)
    case normalization(ReferenceNormalization, scale: [Dual], shift: [Dual])
    case mask([Double])
  }

  private let layers: [Layer]
  private let affineLayers: TaylorModel.AffineLayers

  init(_ network: ReferenceNetwork, direction: [Double], affineLayers: TaylorModel.AffineLayers) {
    self.affineLayers = affineLayers
    let dots = network.replacingParameters(direction)
    layers = zip(network.layers, dots.layers).map { layer, dot in
      switch (layer, dot) {
      case (.dense(let weight, let bias), .dense(let weightDot, let biasDot)):
        .dense(
          weight: zip(weight, weightDot).map { zip($0, $1).map { Dual(value: $0, dot: $1) } },
          bias: zip(bias, biasDot).map { Dual(value: $0, dot: $1) })
      case (.normalization(let normalization), .normalization(let dot)):
        .normalization(
          normalization,
          scale: zip(normalization.scale, dot.scale).map { Dual(value: $0, dot: $1) },
          shift: zip(normalization.shift, dot.shift).map { Dual(value: $0, dot: $1) })
      case (.activation(let activation), _):
        .activation(activation)
      case (.mask(let mask), _):
        .mask(mask)
      case (.dense, _), (.normalization, _):
        preconditionFailure("a direction has the network's own layers")
      }
    }
  }

  /// The gradient of f(y^(L) | target) in the order of the parameters, with its derivative in the direction.
  func gradient(_ loss: ReferenceLoss, input: [Double], target: [Double]) -> [Dual] {
    var values = [input.map { Dual(value: $0, dot: 0) }]
    for (l, layer) in layers.enumerated() { values.append(forward(layer, values[l])) }
    var yDot = loss.gradient(outputs: values[layers.count], target: target)
    var parts: [[Dual]] = []
    for l in layers.indices.reversed() {
      switch layers[l] {
      case .dense(let weight, let bias):
        parts.append(parameterGradient(yDot, values[l], hasBias: !bias.isEmpty))
        yDot = backward(yDot, weight)
      case .activation(let activation):
        yDot = yDot.indices.map { yDot[$0] * activation.firstDerivative(values[l][$0]) }
      case .normalization(let normalization, let scale, _):
        let z = normalized(normalization, values[l])
        let scales = yDot.indices.map { yDot[$0] * (affineLayers == .exact ? z[$0] : z[$0].constant) }
        parts.append(scales + yDot)
        yDot = yDot.indices.map { j in
          let factor = affineLayers == .exact ? scale[j] : scale[j].constant
          return yDot[j] * factor * Dual(value: normalization.inverse(unit: j), dot: 0)
        }
      case .mask(let mask):
        yDot = yDot.indices.map { yDot[$0] * Dual(value: mask[$0], dot: 0) }
      }
    }
    return Array(parts.reversed().joined())
  }

  private func forward(_ layer: Layer, _ y: [Dual]) -> [Dual] {
    switch layer {
    case .dense(let weight, let bias):
      return weight.indices.map { i in
        var sum = bias.isEmpty ? Dual(value: 0, dot: 0) : bias[i]
        for j in y.indices { sum += weight[i][j] * y[j] }
        return sum
      }
    case .activation(let activation):
      return y.map { activation.value($0) }
    case .normalization(let normalization, let scale, let shift):
      let z = normalized(normalization, y)
      return y.indices.map { scale[$0] * z[$0] + shift[$0] }
    case .mask(let mask):
      return y.indices.map { y[$0] * Dual(value: mask[$0], dot: 0) }
    }
  }

  /// ẑ with its derivative.
  private func normalized(_ normalization: ReferenceNormalization, _ y: [Dual]) -> [Dual] {
    y.indices.map { j in
      Dual(value: normalization.normalized(y[j].value, unit: j), dot: normalization.inverse(unit: j) * y[j].dot)
    }
  }

  /// ∂f/∂w_ij = Ẏ_i y_j and ∂f/∂b_i = Ẏ_i; y₀ in place of y without products.
  private func parameterGradient(_ yDot: [Dual], _ y: [Dual], hasBias: Bool) -> [Dual] {
    var result: [Dual] = []
    for dual in yDot {
      for input in y { result.append(dual * (affineLayers == .exact ? input : input.constant)) }
    }
    return hasBias ? result + yDot : result
  }

  /// ∂f/∂y_j = Σ_i Ẏ_i w_ij; w₀ in place of w without products.
  private func backward(_ yDot: [Dual], _ weight: [[Dual]]) -> [Dual] {
    guard let inputs = weight.first?.count else { return [] }
    return (0..<inputs).map { j in
      var sum = Dual(value: 0, dot: 0)
      for i in weight.indices {
        sum += yDot[i] * (affineLayers == .exact ? weight[i][j] : weight[i][j].constant)
      }
      return sum
    }
  }
}
