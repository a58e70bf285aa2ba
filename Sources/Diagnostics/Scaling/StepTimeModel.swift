/// What a rank computes in a step, without any communication.
public struct ComputeCost: Codable, Equatable, Sendable {
  /// How many ranks computed at the same time when it was measured.
  public var ranks: Int
  /// c₀ + c₁ b seconds for loss, Ẇ and Ẅ of b samples.
  public var statistics: LinearCost
  /// Seconds of the update of all parameters.
  public var update: Double
  /// The median of |fit / median − 1| over the numbers of samples.
  public var deviation: Double
  /// What the fit is made of: samples, and the median seconds of the slowest rank.
  public var points: [Point]

  public struct Point: Codable, Equatable, Sendable {
    public var samples: Int
    public var statistics: Double
    public var update: Double

    public init(samples: Int, statistics: Double, update: Double) {
      (self.samples, self.statistics, self.update) = (samples, statistics, update)
    }
  }

  public init(ranks: Int, points: [Point]) {
    (self.ranks, self.points) = (ranks, points)
    let times = points.map { (x: Double($0.samples), time: $0.statistics) }
    statistics = LinearCost(fittedTo: times)
    deviation = median(statistics.deviations(from: times))
    // It does not depend on the samples.
    update = median(points.map(\.update))
  }
}

/// How ranks are laid out over hosts: p = M k.
public struct RankGrid: Equatable, Sendable {
  /// M.
  public var nodes: Int
  /// k.
  public var ranksPerNode: Int
  public var ranks: Int { nodes * ranksPerNode }

  public init(nodes: Int, ranksPerNode: Int) { (self.nodes, self.ranksPerNode) = (nodes, ranksPerNode) }

  /// So many ranks on full nodes; fewer ranks than a node has are one node.
  public init(ranks: Int, ranksPerNode: Int) {
    let perNode = min(ranks, ranksPerNode)
    self.init(nodes: (ranks + perNode - 1) / perNode, ranksPerNode: perNode)
  }
}

/// Predicts the time of a step on p = M k ranks, k on each of M nodes, from what one rank computes and what a link costs.
///
/// A step is `load · (c₀ + c₁ b + U) + T`: statistics of b = ⌈B/p⌉ samples, U the update, T the reduction of n bytes, and
/// `load` ≥ 1 the ranks that share a core.
///
/// **flat**, an allreduce over all ranks: T = r (2⌈log₂ k⌉ α' + 2⌈log₂ M⌉ α) + 2 (k−1)/k n β' + 2 (M−1)/M n β, with α, β of
/// the link between nodes, α', β' of that between ranks of a node, and r reductions in a step, or those of its pieces
/// (``PieceSize``) where these are more. Ranks are numbered node by
/// node: then of a ring as of Rabenseifner's algorithm only 2 (M−1)/M n bytes go over the link of a node. For one rank on
/// each node it is 2⌈log₂ p⌉ α + 2 (p−1)/p n β.
///
/// **hierarchical**, with the activations of a node in shared memory: each of its ranks computes n/k of the sums over all
/// samples of the node, reduces them with its counterparts on the other nodes, all k at the same time over one link, and
/// updates its share of the weights: T = 2 r⌈log₂ M⌉ α + 2 (M−1)/M k (n/k) β + 6⌈log₂ k⌉ α', the last for three barriers in
/// the node, and U/k in place of U. That ranks read each other's activations counts as part of their products.
public struct StepTimeModel: Codable, Equatable, Sendable {
  /// Of one rank that computes alone, and of as many as have cores of their own.
  public var alone: ComputeCost
  public var together: ComputeCost
  /// Of the ranks of a node; nil where it was not measured.
  public var nodeLink: Link?
  /// Between nodes; nil where there is none.
  public var crossLink: Link?
  /// n, the bytes that a step reduces, on the average.
  public var bytes: Double
  /// r of sums that go whole.
  public var reductions: Double
  /// The bytes of a piece of a sum; nil where it goes whole.
  public var pieceBytes: Int?

  public enum Method: String, Codable, CaseIterable, Sendable { case flat, hierarchical }

  public init(
    alone: ComputeCost, together: ComputeCost, nodeLink: Link?, crossLink: Link?, bytes: Double, reductions: Double = 1,
    pieceBytes: Int? = nil
  ) {
    (self.alone, self.together, self.nodeLink, self.crossLink) = (alone, together, nodeLink, crossLink)
    (self.bytes, self.reductions, self.pieceBytes) = (bytes, reductions, pieceBytes)
  }

  /// The seconds of a reduction; nil where a link it needs is not known.
  public func reduction(_ method: Method, on grid: RankGrid) -> Double? {
    let (m, k) = (Double(grid.nodes), Double(grid.ranksPerNode))
    var time = 0.0
    if grid.ranksPerNode > 1 {
      guard let nodeLink else { return nil }
      switch method {
      case .flat:
        time += 2 * messages(of: bytes, reductions) * Link.rounds(grid.ranksPerNode) * nodeLink.latency
        time += 2 * (k - 1) / k * bytes * nodeLink.secondsPerByte
      case .hierarchical:
        time += 6 * Link.rounds(grid.ranksPerNode) * nodeLink.latency
      }
    }
    if grid.nodes > 1 {
      guard let crossLink else { return nil }
      let count = method == .flat ? messages(of: bytes, reductions) : messages(of: bytes / k, 1)
      time += 2 * count * Link.rounds(grid.nodes) * crossLink.latency
      time += 2 * (m - 1) / m * bytes * crossLink.secondsPerByte
    }
    return time
  }

  /// How many allreduces so many bytes take.
  private func messages(of bytes: Double, _ whole: Double) -> Double {
    max(whole, pieceBytes.map { bytes / Double($0) } ?? 0)
  }

  /// The seconds of a step; nil where a link it needs is not known.
  ///
  /// - Parameters:
  ///   - samples: b, of the rank that has most.
  ///   - load: ranks for each core where ranks are oversubscribed, 1 elsewhere.
  public func step(samples: Int, _ method: Method, on grid: RankGrid, load: Double = 1) -> Double? {
    guard let reduction = reduction(method, on: grid) else { return nil }
    let cost = grid.ranks == 1 ? alone : together
    let update = method == .hierarchical ? cost.update / Double(grid.ranksPerNode) : cost.update
    return load * (cost.statistics(Double(samples)) + update) + reduction
  }
}
