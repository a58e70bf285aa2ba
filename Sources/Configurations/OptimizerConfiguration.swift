public import Networks
public import Optimizers

/// `optimizer`: how statistics become a step. Each optimizer has keys of its own; a key of another one is an error.
public struct OptimizerConfiguration: Codable, Equatable, Sendable {
  public enum Name: String, Codable, CaseIterable, Sendable {
    case sgd, momentum, rmsprop, adam, residualPartitioning

    /// The keys that mean something to this optimizer, besides `name`.
    fileprivate var keys: [CodingKeys] {
      CodingKeys.allCases.filter { $0 != .name && $0.words.optimizers?.contains(self) ?? true }
    }

    /// The learning rate of a configuration that names none; nil where it is found.
    fileprivate var standardLearningRate: Double? {
      switch self {
      case .sgd, .momentum: 0.01
      case .rmsprop, .adam: 0.001
      case .residualPartitioning: nil
      }
    }
  }

  public var name: Name
  /// α of (M17); λ of (M11), with a trust ratio the first one. nil, written `auto`: residual partitioning finds the
  /// lengths of its steps (`DistanceEstimate`).
  public var learningRate: Double?
  /// β of (M17) momentum, β₁ of (M14).
  public var momentum = 0.9
  /// ρ of (M17) rmsprop.
  public var decay = 0.9
  /// β of (M17) adam.
  public var beta1 = 0.9
  public var beta2 = 0.999
  /// ε of (M17) rmsprop and adam.
  public var epsilon = 1e-8
  /// β₂ of (M14).
  public var curvatureDecay = 0.99
  /// p in Δw ∝ m̂/v̂ᵖ.
  public var curvaturePower = CurvaturePower.half
  /// Ẅ is computed every so many steps.
  public var curvatureEvery = 1
  public var layerScale = LayerScale.adaptive
  /// (M15), nil where λ follows the schedule alone.
  public var trustRatio: TrustRatioConfiguration?
  /// δ of (M11).
  public var damping = 0.0
  public var bound = Bound.paper
  public var lossPartition = LossPartition.automatic

  enum CodingKeys: String, StrictKey {
    case name, learningRate, momentum, decay, beta1, beta2, epsilon, curvatureDecay, curvaturePower, curvatureEvery
    case layerScale, trustRatio, damping, bound, lossPartition
  }

  /// An optimizer with its standard settings: residual partitioning without a learning rate to choose.
  public init(_ name: Name = .residualPartitioning) {
    self.name = name
    learningRate = name.standardLearningRate
  }

  /// Settings that are left out depend on those that are not; with a trust ratio λ starts at 1.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let name = try values.name(.name, or: Name.residualPartitioning)
    for key in values.allKeys where key != .name && !name.keys.contains(key) {
      let owners = Name.allCases.filter { $0.keys.contains(key) }.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [key],
          debugDescription: "it belongs to \(owners), but optimizer.name is \(name.rawValue)"))
    }
    let trustRatio =
      values.contains(.trustRatio)
      ? try TrustRatioConfiguration.decode(from: values.superDecoder(forKey: .trustRatio)) : nil
    self.init(
      name,
      learningRate: try Self.learningRate(in: values, or: trustRatio == nil ? name.standardLearningRate : 1),
      trustRatio: trustRatio)
    momentum = try values.value(.momentum, or: momentum)
    decay = try values.value(.decay, or: decay)
    beta1 = try values.value(.beta1, or: beta1)
    beta2 = try values.value(.beta2, or: beta2)
    epsilon = try values.value(.epsilon, or: epsilon)
    curvatureDecay = try values.value(.curvatureDecay, or: curvatureDecay)
    curvaturePower = try Self.curvaturePower(in: values, or: curvaturePower)
    curvatureEvery = try values.value(.curvatureEvery, or: curvatureEvery)
    layerScale = try values.name(.layerScale, or: layerScale)
    damping = try values.value(.damping, or: damping)
    bound = try values.name(.bound, or: bound)
    lossPartition = try values.name(.lossPartition, or: lossPartition)
  }

  private static func learningRate(
    in values: KeyedDecodingContainer<CodingKeys>, or standard: Double?
  ) throws -> Double? {
    if let text = try? values.decodeIfPresent(String.self, forKey: .learningRate), text == "auto" { return nil }
    return try values.decodeIfPresent(Double.self, forKey: .learningRate) ?? standard
  }

  private static func curvaturePower(
    in values: KeyedDecodingContainer<CodingKeys>, or standard: CurvaturePower
  ) throws -> CurvaturePower {
    guard let number = try values.decodeIfPresent(Double.self, forKey: .curvaturePower) else { return standard }
    guard let power = CurvaturePower(rawValue: number) else {
      throw DecodingError.dataCorruptedError(
        forKey: .curvaturePower, in: values, debugDescription: "it is \(number); it must be 1 or 0.5")
    }
    return power
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    for key in name.keys {
      switch key {
      case .name: break
      case .learningRate:
        if let learningRate {
          try values.encode(learningRate, forKey: key)
        } else {
          try values.encode("auto", forKey: key)
        }
      case .momentum: try values.encode(momentum, forKey: key)
      case .decay: try values.encode(decay, forKey: key)
      case .beta1: try values.encode(beta1, forKey: key)
      case .beta2: try values.encode(beta2, forKey: key)
      case .epsilon: try values.encode(epsilon, forKey: key)
      case .curvatureDecay: try values.encode(curvatureDecay, forKey: key)
      case .curvaturePower: try values.encode(curvaturePower, forKey: key)
      case .curvatureEvery: try values.encode(curvatureEvery, forKey: key)
      case .trustRatio:
        if let trustRatio { try values.encode(trustRatio, forKey: key) } else { try values.encode(false, forKey: key) }
      case .layerScale: try values.encode(layerScale, forKey: key)
      case .damping: try values.encode(damping, forKey: key)
      case .bound: try values.encode(bound, forKey: key)
      case .lossPartition: try values.encode(lossPartition, forKey: key)
      }
    }
  }
}
