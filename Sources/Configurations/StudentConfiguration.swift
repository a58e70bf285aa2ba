public import Hypergradients
public import Networks

/// `reweight.student`: the student's own settings for three levels; all other settings are those of its teacher.
public struct StudentConfiguration: Codable, Equatable, Sendable {
  public var network: [LayerConfiguration]?
  public var loss: Loss?
  public var optimizer: OptimizerConfiguration?
  /// (M18); if only the optimizer is given, the standard for that optimizer.
  public var schedule: ScheduleConfiguration?
  /// The blocks of its parameters that finite differences perturb.
  public var blocks: ParameterGroups?

  enum CodingKeys: String, StrictKey { case network, loss, optimizer, schedule, blocks }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    network = try values.decodeIfPresent([LayerConfiguration].self, forKey: .network)
    if let name = try values.decodeIfPresent(String.self, forKey: .loss) {
      loss = try decoder.name(name, at: CodingKeys.loss)
    }
    optimizer = try values.decodeIfPresent(OptimizerConfiguration.self, forKey: .optimizer)
    if values.contains(.schedule) {
      schedule = try ScheduleConfiguration(
        from: values.superDecoder(forKey: .schedule), optimizer: optimizer ?? OptimizerConfiguration())
    } else {
      schedule = optimizer.map(ScheduleConfiguration.init(standardFor:))
    }
    if values.contains(.blocks) {
      blocks = try values.parsed(.blocks, or: .joint) { text throws in try ParameterGroups(parsing: text) }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encodeIfPresent(network, forKey: .network)
    try values.encodeIfPresent(loss, forKey: .loss)
    try values.encodeIfPresent(optimizer, forKey: .optimizer)
    try values.encodeIfPresent(schedule, forKey: .schedule)
    try values.encodeIfPresent(blocks?.text, forKey: .blocks)
  }
}

extension Configuration {
  /// The configuration of the student of three levels.
  package var ofStudent: Configuration {
    guard let student = reweight?.student else { return self }
    var own = self
    own.network = student.network ?? network
    own.loss = student.loss ?? loss
    own.optimizer = student.optimizer ?? optimizer
    own.schedule = student.schedule ?? schedule
    return own
  }
}
