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
    indirect case residual([Layer])
  }

  private let layers: [Layer]
  private let affineLayers: TaylorModel.AffineLayers

  init(_ network: ReferenceNetwork, direction: [Double], affineLayers: TaylorModel.AffineLayers) {
    self.affineLayers = affineLayers
    layers = Self.layers(network.layers, network.replacingParameters(direction).layers)
  }

  /// Layers with their parameters as dual numbers, of the parameters and of their derivatives.
  private static func layers(_ layers: [ReferenceNetwork.Layer], _ dots: [ReferenceNetwork.Layer]) -> [Layer] {
    zip(layers, dots).map { layer, dot in
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
      case (.residual(let branch), .residual(let dot)):
        .residual(Self.layers(branch, dot))
      case (.activation(let activation), _):
        .activation(activation)
      case (.mask(let mask), _):
        .mask(mask)
      case (.dense, _), (.normalization, _), (.residual, _):
        preconditionFailure("a direction has the network's own layers")
      }
    }
  }

  /// The gradient of f(y^(L) | target) in the order of the parameters, with its derivative in the direction.
  func gradient(_ loss: ReferenceLoss, input: [Double], target: [Double]) -> [Dual] {
    let pass = run(layers, input.map { Dual(value: $0, dot: 0) })
    return pass.backward(loss.gradient(outputs: pass.outputs, target: target)).gradient
  }

  /// The outputs of some layers, and what takes Ẏ at them to Ẏ at the input and the gradient by the parameters.
  private func run(
    _ layers: [Layer], _ input: [Dual]
  ) -> (outputs: [Dual], backward: ([Dual]) -> (below: [Dual], gradient: [Dual])) {
    var values = [input]
    var branches: [Int: ([Dual]) -> (below: [Dual], gradient: [Dual])] = [:]
    for (l, layer) in layers.enumerated() {
      if case .residual(let branch) = layer {
        let pass = run(branch, values[l])
        branches[l] = pass.backward
        values.append(values[l].indices.map { values[l][$0] + pass.outputs[$0] })
      } else {
        values.append(forward(layer, values[l]))
      }
    }
    return (
      values[layers.count],
      { [values, branches] in
        var (yDot, parts) = ($0, [[Dual]]())
        for l in layers.indices.reversed() {
          let (below, part) =
            branches[l].map { passBranch in
              let branch = passBranch(yDot)
              return (yDot.indices.map { yDot[$0] + branch.below[$0] }, branch.gradient)
            } ?? backward(layers[l], yDot, values[l])
          yDot = below
          parts.append(part)
        }
        return (yDot, Array(parts.reversed().joined()))
      }
    )
  }

  /// Ẏ below a layer, and the gradient by its parameters.
  private func backward(_ layer: Layer, _ yDot: [Dual], _ y: [Dual]) -> (below: [Dual], gradient: [Dual]) {
    switch layer {
    case .dense(let weight, let bias):
      return (backward(yDot, weight), parameterGradient(yDot, y, hasBias: !bias.isEmpty))
    case .activation(let activation):
      return (yDot.indices.map { yDot[$0] * activation.firstDerivative(y[$0]) }, [])
    case .normalization(let normalization, let scale, _):
      let z = normalized(normalization, y)
      let scales = yDot.indices.map { yDot[$0] * (affineLayers == .exact ? z[$0] : z[$0].constant) }
      let below = yDot.indices.map { j in
        let factor = affineLayers == .exact ? scale[j] : scale[j].constant
        return yDot[j] * factor * Dual(value: normalization.inverse(unit: j), dot: 0)
      }
      return (below, scales + yDot)
    case .mask(let mask):
      return (yDot.indices.map { yDot[$0] * Dual(value: mask[$0], dot: 0) }, [])
    case .residual:
      preconditionFailure("A branch has a pass of its own.")
    }
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
    case .residual:
      preconditionFailure("A branch has a pass of its own.")
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
