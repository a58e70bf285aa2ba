public import Networks
private import Yams

/// Everything that decides what a training run computes. It is decoded once and checked once.
public struct Configuration: Codable, Equatable, Sendable {
  public var data = DataConfiguration()
  public var network: [LayerConfiguration] = []
  public var loss = Loss.softmaxCrossEntropy
  public var optimizer = OptimizerConfiguration()
  public var regularization = RegularizationConfiguration()
  /// (M18); its standard values depend on the optimizer.
  public var schedule: ScheduleConfiguration
  public var training = TrainingConfiguration()
  public var reduction = ReductionConfiguration()
  public var run = RunConfiguration()
  public var compare = CompareConfiguration()
  /// The additional settings of `rp-dist reweight`; nil if the configuration has none.
  public var reweight: ReweightConfiguration?

  enum CodingKeys: String, StrictKey {
    case data, network, loss, optimizer, regularization, schedule, training, reduction, run, compare, reweight
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    data = try values.value(.data, or: data)
    network = try values.value(.network, or: network)
    loss = try values.name(.loss, or: loss)
    optimizer = try values.value(.optimizer, or: optimizer)
    regularization = try values.value(.regularization, or: regularization)
    schedule =
      values.contains(.schedule)
      ? try ScheduleConfiguration(from: values.superDecoder(forKey: .schedule), optimizer: optimizer)
      : ScheduleConfiguration(standardFor: optimizer)
    training = try values.value(.training, or: training)
    reduction = try values.value(.reduction, or: reduction)
    run = try values.value(.run, or: run)
    compare = try values.value(.compare, or: compare)
    reweight = try values.decodeIfPresent(ReweightConfiguration.self, forKey: .reweight)
  }
}

extension Configuration {
  /// The configuration as YAML, with its format and every key in effect, for the run folder. The run's name is left
  /// out: it is the name of the folder, and a second run with this file needs another name.
  public func yaml() throws -> String {
    var nameless = self
    nameless.run.name = nil
    let text = try YAMLEncoder().encode(nameless)
    guard let tree = try Yams.compose(yaml: text) else { return text }
    return "\(OldStandards.formatKey): \(OldStandards.presentFormat)\n" + (try Yams.serialize(node: Self.tidied(tree)))
  }

  /// The same tree with numbers as a person would write them: 300 and 0.01, where the encoder writes 3e+2 and 1e-2.
  private static func tidied(_ node: Node) -> Node {
    switch node {
    case .mapping(let mapping):
      return Node(mapping.map { ($0.key, tidied($0.value)) }, .implicit, mapping.count == 1 ? mapping.style : .block)
    case .sequence(let sequence):
      return Node(sequence.map(tidied), .implicit, sequence.style)
    case .scalar(let scalar):
      guard node.tag == Tag(.float), let value = Double(scalar.string) else { return node }
      let text = "\(value)"
      return Node(text.hasSuffix(".0") ? String(text.dropLast(2)) : text, .implicit, .plain)
    default:
      return node
    }
  }
}
