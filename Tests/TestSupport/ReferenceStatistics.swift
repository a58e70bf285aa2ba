/// Which of the two quadratic bounds Ẅ belongs to.
public enum ReferenceBound: String, CaseIterable, Codable, Sendable {
  /// (M3)–(M10): bounds the model (M12), whose affine layers have no product Δw Δy.
  case paper
  /// With (M13): bounds the exact second-order Taylor model.
  case full
}

/// Ẇ and Ẅ of one layer with parameters, divided by the number of samples.
public struct LayerStatistics: Codable, Sendable, Equatable {
  /// Ẇ and Ẅ of the weights, [outputs × inputs]; of the scales of a normalisation, [1 × units].
  public var wDot: [[Double]]
  public var wDDot: [[Double]]
  /// Ẇ and Ẅ of the bias, [outputs]; empty if the layer has none.
  public var biasDot: [Double]
  public var biasDDot: [Double]

  public init(wDot: [[Double]], wDDot: [[Double]], biasDot: [Double], biasDDot: [Double]) {
    self.wDot = wDot
    self.wDDot = wDDot
    self.biasDot = biasDot
    self.biasDDot = biasDDot
  }
}

/// What one forward and one backward pass of residual partitioning give for a minibatch.
public struct ReferenceStatistics: Sendable, Equatable {
  /// One entry for each layer with parameters, from the input to the output.
  public var layers: [LayerStatistics]
  /// J of (M2) without R.
  public var meanLoss: Double
  /// y^(L), [samples × outputs].
  public var outputs: [[Double]]
  /// u at the output, [samples × outputs].
  public var outputTotalGradient: [[Double]]
  /// Mean over the samples of Σ_i Z_i u_i at the output.
  ///
  /// With `bound: .paper` and piecewise-linear activations this is the sum of all Ẅ: no rule creates or loses
  /// curvature.
  public var curvatureAtOutput: Double

  /// Ẇ of all parameters in the order of ``ReferenceNetwork/parameters``.
  public var gradient: [Double] {
    layers.flatMap { layer in layer.wDot.flatMap { $0 } + layer.biasDot }
  }

  /// Ẅ of all parameters in the order of ``ReferenceNetwork/parameters``.
  public var curvature: [Double] {
    layers.flatMap { layer in layer.wDDot.flatMap { $0 } + layer.biasDDot }
  }

  /// B(Δw) of (M12) without regularisation: J + Σ Ẇ Δw + ½ Σ Ẅ Δw².
  public func bound(at step: [Double]) -> Double {
    let (first, second) = (gradient, curvature)
    precondition(step.count == first.count, "A step has one number for each parameter.")
    var sum = meanLoss
    for p in step.indices { sum += first[p] * step[p] + 0.5 * second[p] * step[p] * step[p] }
    return sum
  }
}

/// Ẇ and Ẅ of a minibatch by the explicit partition ε, φ at the end of section 2.
///
/// The product carries Z = Ÿ ∘ u and never divides; here Ÿ and the partition variables are formed as they are defined,
/// and 0/0 = 0, so the two computations share nothing but the definition. (M13) enters as Ÿ_j += Σ_i |Ẏ_i|/u_j.
///
/// - Parameters:
///   - inputs: [samples × inputs].
///   - targets: [samples × outputs].
///   - generalPartition: whether (M7) is used even where (M6) applies (`lossPartition: general`).
/// - Complexity: O(samples · parameters).
public func referenceStatistics(
  _ network: ReferenceNetwork, _ loss: ReferenceLoss, inputs: [[Double]], targets: [[Double]],
  bound: ReferenceBound, generalPartition: Bool = false
) -> ReferenceStatistics {
  precondition(!inputs.isEmpty && inputs.count == targets.count, "There is one target for each of at least one sample.")
  var sum = ReferenceStatistics(
    layers: network.zeroStatistics, meanLoss: 0, outputs: [], outputTotalGradient: [], curvatureAtOutput: 0)
  for s in inputs.indices {
    var partition = ExplicitPartition(network, input: inputs[s])
    sum.outputs.append(partition.outputs)
    sum.outputTotalGradient.append(partition.outputTotalGradient)
    sum.meanLoss += loss.value(outputs: partition.outputs, target: targets[s])
    partition.startBackward(loss, target: targets[s], generalPartition: generalPartition)
    sum.curvatureAtOutput += partition.curvature
    partition.finishBackward(bound, addingTo: &sum.layers)
  }
  sum.divide(by: Double(inputs.count))
  return sum
}

extension ReferenceNetwork {
  var zeroStatistics: [LayerStatistics] {
    layers.flatMap { layer -> [LayerStatistics] in
      let shape: (weights: [[Double]], biases: [Double])
      switch layer {
      case .dense(let weight, let bias): shape = (weight, bias)
      case .normalization(let normalization): shape = ([normalization.scale], normalization.shift)
      case .residual(let branch): return ReferenceNetwork(layers: branch).zeroStatistics
      case .activation, .mask: return []
      }
      let zeros = shape.weights.map { row in row.map { _ in 0.0 } }
      let biasZeros = shape.biases.map { _ in 0.0 }
      return [LayerStatistics(wDot: zeros, wDDot: zeros, biasDot: biasZeros, biasDDot: biasZeros)]
    }
  }
}

extension ReferenceStatistics {
  fileprivate mutating func divide(by count: Double) {
    meanLoss /= count
    curvatureAtOutput /= count
    for l in layers.indices {
      layers[l].wDot = layers[l].wDot.map { row in row.map { $0 / count } }
      layers[l].wDDot = layers[l].wDDot.map { row in row.map { $0 / count } }
      layers[l].biasDot = layers[l].biasDot.map { $0 / count }
      layers[l].biasDDot = layers[l].biasDDot.map { $0 / count }
    }
  }
}
