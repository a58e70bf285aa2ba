public import Networks
public import Optimizers

/// `optimizer`: how statistics become a step. Each optimizer has its own keys; a key of another optimizer is an error.
public struct OptimizerConfiguration: Equatable, Sendable {
  public typealias Name = OptimizerKind

  /// All settings except the learning rate.
  public var settings: any Optimizer
  /// α of (M17); λ of (M11), with a trust ratio the initial λ. nil, written `auto`: the optimizer finds the lengths of
  /// its steps (`DistanceEstimate`).
  public var learningRate: Double?

  public init(_ settings: any Optimizer, learningRate: Double?) {
    (self.settings, self.learningRate) = (settings, learningRate)
  }

  /// An optimizer with its standard settings; the default is residual partitioning without a learning rate to choose.
  public init(_ name: Name = .standard) {
    let settings: any Optimizer = name.type.standard
    self.init(settings, learningRate: settings.standardLearningRate)
  }

  public var name: Name { Name(type(of: settings)) }

  /// The settings if they belong to this optimizer, else nil.
  public func of<Kind: Optimizer>(_ kind: Kind.Type) -> Kind? { settings as? Kind }

  /// The same optimizer with another learning rate, as if that rate had been written in the configuration.
  ///
  /// A setting with the standard value for the old rate gets the standard value for the new rate, whether it was
  /// written or left out; all other settings stay.
  public func with(learningRate rate: Double) -> OptimizerConfiguration {
    OptimizerConfiguration(settings.following(from: learningRate, to: rate), learningRate: rate)
  }

  public static func == (a: OptimizerConfiguration, b: OptimizerConfiguration) -> Bool {
    a.settings.isEqual(to: b.settings) && a.learningRate == b.learningRate
  }
}

extension OptimizerConfiguration: Codable {
  private static let (nameKey, rateKey) = (AnyKey("name"), AnyKey("learningRate"))

  /// The standard values of settings that are left out depend on the settings that are given.
  public init(from decoder: any Decoder) throws {
    let kinds = decoder.userInfo[.optimizers] as? [Name] ?? Name.allCases
    let common = [Self.nameKey, Self.rateKey].map(\.stringValue)
    let values = try decoder.container(keyedBy: common + kinds.facts.map(\.key))
    func refusal(_ problem: String, _ key: AnyKey) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath + [key], debugDescription: problem))
    }
    var name = Name.standard
    if let text = try values.decodeIfPresent(String.self, forKey: Self.nameKey) {
      guard let kind = kinds.first(where: { $0.rawValue == text }) else {
        throw refusal(UnknownName(text, among: kinds.map(\.rawValue), kind: "value").description, Self.nameKey)
      }
      name = kind
    }
    let known = common + name.facts.map(\.key)
    for key in values.allKeys where !known.contains(key.stringValue) {
      let owners = kinds.filter { $0.facts.contains { $0.key == key.stringValue } }.map(\.rawValue)
      throw refusal(
        "it belongs to \(owners.joined(separator: ", ")), but optimizer.name is \(name.rawValue)", key)
    }
    let decisive = try (name.type.standard as any Optimizer).decoded(from: values, decisive: true)
    let rate = try Self.learningRate(in: values, or: decisive.standardLearningRate)
    self.init(try decisive.standards(beside: rate).decoded(from: values), learningRate: rate)
  }

  private static func learningRate(in values: KeyedDecodingContainer<AnyKey>, or standard: Double?) throws -> Double? {
    if let text = try? values.decodeIfPresent(String.self, forKey: rateKey), text == "auto" { return nil }
    return try values.decodeIfPresent(Double.self, forKey: rateKey) ?? standard
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: AnyKey.self)
    try values.encode(name, forKey: Self.nameKey)
    if let learningRate {
      try values.encode(learningRate, forKey: Self.rateKey)
    } else {
      try values.encode("auto", forKey: Self.rateKey)
    }
    try settings.encode(to: &values)
  }
}

extension CodingUserInfoKey {
  /// The optimizers that a configuration can name, as `[OptimizerKind]`; if there is no such entry, all optimizers of
  /// this program.
  static let optimizers: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "optimizers") else { preconditionFailure("any text is a key") }
    return key
  }()
}

extension OptimizerConfiguration {
  /// The optimizer that updates the parameters with these settings.
  package var rule: any Optimizer { settings.moving(at: learningRate) }

  /// (M15), starting with the configured λ; nil if λ follows the schedule alone.
  package var trust: TrustRatio? {
    guard let trustRatio = settings.trustRatio, let learningRate else { return nil }
    return TrustRatio(rate: learningRate, every: trustRatio.every, target: trustRatio.target)
  }

  /// Whether the learning rate is found during training.
  package var findsLearningRate: Bool { learningRate == nil || trust != nil }
}

/// How Ẅ is used; the standard use if the optimizer does not use Ẅ.
extension OptimizerConfiguration {
  package var curvature: CurvatureUse { rule.curvatureUse ?? CurvatureUse() }

  /// Ẅ is computed once in this number of steps.
  package var curvatureEvery: Int { curvature.every }

  public var bound: Bound { curvature.bound }

  public var lossPartition: LossPartition { curvature.lossPartition }

  /// What gets one share of the residual; nil where the optimizer uses no curvature.
  package var partition: Partition? { rule.curvatureUse?.partition }

  /// The number of steps after which the work of a step repeats.
  package var cycle: Int {
    let ofCurvature = rule.curvatureUse?.cycle ?? 1
    guard rule.measuresLength, !ofCurvature.isMultiple(of: TestedLengths.every) else { return ofCurvature }
    return ofCurvature * TestedLengths.every
  }

  /// Whether curvature is by unit: g and A in place of Ẅ.
  package var isByUnit: Bool { curvature.partition == .unit }
}

extension ScheduleConfiguration {
  package var schedule: Schedule { Schedule(name, decay: decay, factor: factor, scale: scale, warmup: warmup) }
}
