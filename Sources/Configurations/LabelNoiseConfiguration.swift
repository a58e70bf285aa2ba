public import Datasets
internal import Yams

/// `data.labelNoise`: `off`, or how labels of training samples are made wrong, to test training with wrong labels.
public struct LabelNoiseConfiguration: Codable, Equatable, Sendable {
  public var kind = LabelNoise.Kind.uniform
  /// The probability that a label is flipped.
  public var rate = 0.4
  /// The seed of the noise; `training.seed` does not change it.
  public var seed = 1

  enum CodingKeys: String, StrictKey { case kind, rate, seed }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    kind = try values.name(.kind, or: kind)
    rate = try values.value(.rate, or: rate)
    seed = try values.value(.seed, or: seed)
  }

  /// The noise, or nil for `off`.
  static func decode(from decoder: any Decoder) throws -> LabelNoiseConfiguration? {
    guard let switched = try? decoder.singleValueContainer().decode(Bool.self) else {
      return try LabelNoiseConfiguration(from: decoder)
    }
    return switched ? LabelNoiseConfiguration() : nil
  }

  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  func check(target: DataConfiguration.Target) throws(ConfigurationError) {
    try require(
      (0...1).contains(rate), "data.labelNoise.rate is \(rate); it is the share of labels to flip, from 0 to 1")
    try require(seed >= 0, "data.labelNoise.seed is \(seed); it must not be negative")
    try require(
      target == .label,
      "data.labelNoise flips classes, but data.target is \(target.rawValue); set data.target to label, or "
        + "data.labelNoise to off")
  }

  /// - Precondition: the settings have been checked.
  public var noise: LabelNoise { LabelNoise(kind: kind, rate: rate, seed: UInt64(seed)) }
}

extension LabelNoiseConfiguration {
  /// Replaces a `data.labelNoise` that is present but empty by `off`. Over a preset with noise, it then removes the
  /// noise.
  static func writtenOut(_ tree: Node) -> Node {
    let key = DataConfiguration.CodingKeys.labelNoise.rawValue
    guard case .mapping(var data)? = tree["data"], let noise = data[Node(key)] else { return tree }
    switch noise {
    case .mapping(let section): guard section.isEmpty else { return tree }
    default: guard ConfigurationSource.isEmpty(noise) else { return tree }
    }
    data[Node(key)] = Node("false", .implicit, .plain)
    var tree = tree
    tree["data"] = .mapping(data)
    return tree
  }
}
