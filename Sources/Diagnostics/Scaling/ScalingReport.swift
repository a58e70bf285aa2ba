public import RunRecords

/// What `rp-dist bench scaling --json` prints: what was measured, the model made of it, and what the model says.
public struct ScalingReport: Codable, Sendable {
  /// How the work depends on the number of ranks.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// The batch is that of all ranks together.
    case strong
    /// The batch is that of each rank.
    case weak
  }

  /// Steps on some of the ranks.
  public struct Point: Codable, Sendable {
    public var kind: Kind
    public var ranks: Int
    public var hosts: Int
    /// The most ranks on one host.
    public var ranksPerHost: Int
    /// Samples of all ranks together.
    public var batch: Int
    /// Ranks for each core where ranks are oversubscribed, 1 elsewhere.
    public var load: Double
    /// Whether the ranks of a host share memory, so that sums do not travel there.
    public var sharesMemory: Bool
    /// How many steps' times the median is that of.
    public var repeats: Int
    /// The median seconds of a step, of the slowest rank.
    public var step: Double
    /// The least.
    public var least: Double
    /// How often as much work is done in a time as by one rank.
    public var speedUp: Double
    public var efficiency: Double { speedUp / Double(ranks) }
    public var shares: Shares
    /// By the model, in seconds; nil where it does not know the link.
    @OrNull public var predicted: Double?

    /// The time of a step by which it is evaluated.
    public func time(_ statistic: Statistic) -> Double { statistic == .median ? step : least }
    /// What the model says, relative to that time, less 1.
    public func error(_ statistic: Statistic) -> Double? { predicted.map { $0 / time(statistic) - 1 } }
  }

  /// Parts of the time of a step on the average of the ranks, from steps with a barrier before every reduction; together
  /// 1.
  public struct Shares: Codable, Sendable {
    /// The matrix products, timed alone.
    public var products: Double
    /// All else that a rank computes: elementwise work, reading samples, the update.
    public var elementwise: Double
    /// Sums over all of these ranks; those over the ranks with the same part of the sums, where memory is shared, are
    /// in ``elementwise``.
    public var reduction: Double
    /// For slower ranks, before the reduction.
    public var waiting: Double
  }

  /// What the model says of more ranks than were measured.
  public struct Projection: Codable, Sendable {
    public var kind: Kind
    public var ranks: Int
    public var nodes: Int
    public var ranksPerNode: Int
    public var batch: Int
    /// Seconds of a step; nil where the link in a node is not known.
    @OrNull public var flat: Double?
    public var hierarchical: Double
    /// How often as much work is done in a time as by one rank, hierarchically.
    public var speedUp: Double
  }

  public var program = "rp-dist bench scaling"
  /// The sizes of its dense layers.
  public var network: String
  public var parameters: Int
  public var optimizer: String
  public var precision: String
  public var batch: Int
  /// The times that speed-up and model are made of.
  public var statistic: Statistic
  public var hosts: [String]
  public var ranks: Int
  public var points: [Point]
  public var model: StepTimeModel
  /// What allreduces took on these hosts; nil for a single rank.
  @OrNull public var measuredNetwork: NetworkReport?
  /// The links that projections are made for, in the model of which `model` differs only there.
  @OrNull public var projectedLink: Link?
  public var projections: [Projection]
}
