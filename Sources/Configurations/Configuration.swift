public import Networks

/// Everything that decides what a training run computes, decoded once and checked once.
public struct Configuration: Codable, Equatable, Sendable {
  public var data = DataConfiguration()
  public var network: [LayerConfiguration] = []
  public var loss = Loss.softmaxCrossEntropy
  public var optimizer = OptimizerConfiguration()
  public var regularization = RegularizationConfiguration()
  /// (M18); what a configuration does not name depends on its optimizer.
  public var schedule: ScheduleConfiguration
  public var training = TrainingConfiguration()
  public var reduction = ReductionConfiguration()
  public var run = RunConfiguration()
  public var compare = CompareConfiguration()
  /// What `rp-dist reweight` needs besides; nil where the configuration does not say.
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
