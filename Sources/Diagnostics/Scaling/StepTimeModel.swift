/// The cost of a rank's computation in a step, without any communication.
public struct ComputeCost: Codable, Equatable, Sendable {
  /// The number of ranks that computed at the same time during the measurement.
  public var ranks: Int
  /// c₀ + c₁ b seconds for loss, Ẇ and Ẅ of b samples.
  public var statistics: LinearCost
  /// The seconds of the update of all parameters.
  public var update: Double
  /// The median of |fit / median − 1| over the numbers of samples.
  public var deviation: Double
  /// The fitted points: samples, and the median seconds of the slowest rank.
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
    // The update does not depend on the number of samples.
    update = median(points.map(\.update))
  }
}

/// The layout of ranks over hosts: p = M k.
public struct RankGrid: Equatable, Sendable {
  /// M.
  public var nodes: Int
  /// k.
  public var ranksPerNode: Int
  public var ranks: Int { nodes * ranksPerNode }

  public init(nodes: Int, ranksPerNode: Int) { (self.nodes, self.ranksPerNode) = (nodes, ranksPerNode) }

  /// So many ranks on full nodes; where there are fewer ranks than a node holds, there is one node.
  public init(ranks: Int, ranksPerNode: Int) {
    let perNode = min(ranks, ranksPerNode)
    self.init(nodes: (ranks + perNode - 1) / perNode, ranksPerNode: perNode)
  }
}

/// Predicts the time of a step on p = M k ranks, k on each of M nodes, from the computing cost of one rank and the cost
/// of a link.
///
/// A step takes `load · (c₀ + c₁ b + U) + T`: the statistics of b = ⌈B/p⌉ samples, the update U, and the reduction T of
/// n bytes; `load` ≥ 1 is the number of ranks that share a core.
///
/// **flat**, an allreduce over all ranks: T = r (2⌈log₂ k⌉ α' + 2⌈log₂ M⌉ α) + 2 (k−1)/k n β' + 2 (M−1)/M n β. Here α,
/// β belong to the link between nodes, α', β' to the link between ranks of a node. r is the number of reductions in a
/// step, or the number of their pieces (``PieceSize``) where this is larger. Ranks are numbered node by node, so that
/// both in a ring and in Rabenseifner's algorithm only 2 (M−1)/M n bytes go over the link of a node. For one rank on
/// each node T is 2⌈log₂ p⌉ α + 2 (p−1)/p n β.
///
/// **hierarchical**, with the activations of a node in shared memory: each of its ranks computes n/k of the sums over
/// all samples of the node, reduces them with its counterparts on the other nodes, all k at the same time over one
/// link, and updates its part of the weights: T = 2 r⌈log₂ M⌉ α + 2 (M−1)/M k (n/k) β + 6⌈log₂ k⌉ α', and U/k in place
/// of U. The last term of T stands for three barriers in the node. The time in which ranks read each other's
/// activations counts as part of their products.
public struct StepTimeModel: Codable, Equatable, Sendable {
  /// The cost of one rank that computes alone, and of as many ranks as have their own cores.
  public var alone: ComputeCost
  public var together: ComputeCost
  /// The link between ranks of a node; nil where it was not measured.
  public var nodeLink: Link?
  /// The link between nodes; nil where there is none.
  public var crossLink: Link?
  /// n, the mean number of bytes that a step reduces.
  public var bytes: Double
  /// r where sums are added up whole.
  public var reductions: Double
  /// The bytes of a piece of a sum; nil where sums are added up whole.
  public var pieceBytes: Int?

  public enum Method: String, Codable, CaseIterable, Sendable { case flat, hierarchical }

  public init(
    alone: ComputeCost, together: ComputeCost, nodeLink: Link?, crossLink: Link?, bytes: Double, reductions: Double = 1,
    pieceBytes: Int? = nil
  ) {
    (self.alone, self.together, self.nodeLink, self.crossLink) = (alone, together, nodeLink, crossLink)
    (self.bytes, self.reductions, self.pieceBytes) = (bytes, reductions, pieceBytes)
  }

  /// The seconds of a reduction; nil where a necessary link is unknown.
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

  /// The number of allreduces for so many bytes.
  private func messages(of bytes: Double, _ whole: Double) -> Double {
    max(whole, pieceBytes.map { bytes / Double($0) } ?? 0)
  }

  /// The seconds of a step; nil where a necessary link is unknown.
  ///
  /// - Parameters:
  ///   - samples: b, the samples of the rank that has the most.
  ///   - load: ranks for each core where ranks are oversubscribed, 1 elsewhere.
  public func step(samples: Int, _ method: Method, on grid: RankGrid, load: Double = 1) -> Double? {
    guard let reduction = reduction(method, on: grid) else { return nil }
    let cost = grid.ranks == 1 ? alone : together
    let update = method == .hierarchical ? cost.update / Double(grid.ranksPerNode) : cost.update
    return load * (cost.statistics(Double(samples)) + update) + reduction
  }
}
