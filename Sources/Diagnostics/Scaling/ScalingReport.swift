public import RunRecords

/// The output of `rp-dist bench scaling --json`: the measurements, the model fitted to them, and its predictions.
public struct ScalingReport: Codable, Sendable {
  /// How the work depends on the number of ranks.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// All ranks share the batch.
    case strong
    /// Each rank has a batch of its own.
    case weak
  }

  /// The steps on some of the ranks.
  public struct Point: Codable, Sendable {
    public var kind: Kind
    public var ranks: Int
    public var hosts: Int
    /// The most ranks on one host.
    public var ranksPerHost: Int
    /// The number of samples of all ranks together.
    public var batch: Int
    /// The ranks for each core where ranks are oversubscribed, 1 elsewhere.
    public var load: Double
    /// Whether the ranks of a host share memory, so that sums do not travel there.
    public var sharesMemory: Bool
    /// The number of steps over which the median is taken.
    public var repeats: Int
    /// The median seconds of a step, on the slowest rank.
    public var step: Double
    /// The least seconds of a step.
    public var least: Double
    /// The work done in a given time, relative to one rank.
    public var speedUp: Double
    public var efficiency: Double { speedUp / Double(ranks) }
    public var shares: Shares
    /// The model's prediction in seconds; nil where the link is unknown.
    @OrNull public var predicted: Double?

    /// The time of a step that represents the point.
    public func time(_ statistic: Statistic) -> Double { statistic == .median ? step : least }
    /// The relative error of the prediction.
    public func error(_ statistic: Statistic) -> Double? { predicted.map { $0 / time(statistic) - 1 } }
  }

  /// Shares of the time of a step, as means over the ranks, from steps with a barrier before every reduction; their sum
  /// is 1.
  public struct Shares: Codable, Sendable {
    /// The matrix products, timed alone.
    public var products: Double
    /// All other computation of a rank: elementwise work, reading samples, the update.
    public var elementwise: Double
    /// Sums over all of these ranks. Where memory is shared, sums over the ranks with the same part belong to
    /// ``elementwise``.
    public var reduction: Double
    /// Waiting for slower ranks, before the reduction.
    public var waiting: Double
  }

  /// The model's prediction for more ranks than were measured.
  public struct Projection: Codable, Sendable {
    public var kind: Kind
    public var ranks: Int
    public var nodes: Int
    public var ranksPerNode: Int
    public var batch: Int
    /// Seconds of a step; nil where the link within a node is unknown.
    @OrNull public var flat: Double?
    public var hierarchical: Double
    /// The work done in a given time, relative to one rank, with the hierarchical method.
    public var speedUp: Double
  }

  public var program = "rp-dist bench scaling"
  /// The sizes of the dense layers.
  public var network: String
  public var parameters: Int
  public var optimizer: String
  public var precision: String
  public var batch: Int
  /// The statistic from which speed-up and model are computed.
  public var statistic: Statistic
  public var hosts: [String]
  public var ranks: Int
  public var points: [Point]
  public var model: StepTimeModel
  /// The times of allreduces on these hosts; nil for a single rank.
  @OrNull public var measuredNetwork: NetworkReport?
  /// The link between nodes in the predictions; apart from it they use `model`.
  @OrNull public var projectedLink: Link?
  public var projections: [Projection]
}
