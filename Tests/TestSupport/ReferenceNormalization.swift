/// y⁺ = scale ẑ + shift with ẑ = (y − mean)/√(variance + 1e-5), unit by unit; mean and variance are constants.
public struct ReferenceNormalization: Sendable, Equatable {
  public static let epsilon = 1e-5

  public var scale: [Double]
  public var shift: [Double]
  public var mean: [Double]
  public var variance: [Double]

  public init(scale: [Double], shift: [Double], mean: [Double], variance: [Double]) {
    (self.scale, self.shift, self.mean, self.variance) = (scale, shift, mean, variance)
  }

  /// c = 1/√(variance + ε).
  func inverse(unit: Int) -> Double { 1 / (variance[unit] + Self.epsilon).squareRoot() }

  /// ẑ.
  func normalized(_ y: Double, unit: Int) -> Double { (y - mean[unit]) * inverse(unit: unit) }
}

extension ReferenceNetwork {
  /// The same network with the means and (biased) variances that its normalisations see in a minibatch.
  public func normalized(by inputs: [[Double]]) -> ReferenceNetwork {
    var result = self
    var values = inputs
    let samples = Double(inputs.count)
    for l in layers.indices {
      if case .normalization(var normalization) = layers[l] {
        for j in normalization.mean.indices {
          var sum = 0.0
          for y in values { sum += y[j] }
          normalization.mean[j] = sum / samples
          sum = 0
          for y in values { sum += (y[j] - normalization.mean[j]) * (y[j] - normalization.mean[j]) }
          normalization.variance[j] = sum / samples
        }
        result.layers[l] = .normalization(normalization)
      } else if case .residual(let branch) = layers[l] {
        result.layers[l] = .residual(ReferenceNetwork(layers: branch).normalized(by: values).layers)
      }
      values = values.map { result.layers[l].outputs(of: $0) }
    }
    return result
  }

  /// The normalisations in the order of the layers.
  public var normalizations: [ReferenceNormalization] {
    layers.flatMap { layer -> [ReferenceNormalization] in
      switch layer {
      case .normalization(let normalization): [normalization]
      case .residual(let branch): ReferenceNetwork(layers: branch).normalizations
      case .dense, .activation, .mask: []
      }
    }
  }
}

extension ReferenceProblem {
  /// The same problem with the means and variances of its own minibatch, as constants.
  public var normalizedByItself: ReferenceProblem {
    var result = self
    result.network = network.normalized(by: inputs)
    return result
  }
}
