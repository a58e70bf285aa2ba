private import Kernels

/// The ranks as a grid of directions × data shards.
///
/// Passes along different directions are independent of each other. With n ranks and D directions, the ranks are split
/// into min(n, D) groups of neighbouring ranks, whose sizes differ by at most one. Passes are assigned to the groups in
/// turn, and the samples of a pass are divided among the ranks of its group. Results are summed over the whole grid, so
/// groups need no communicator of their own.
public struct Grid: Equatable, Sendable {
  /// How the number of groups is chosen.
  public enum Choice: Equatable, Sendable {
    /// min(n, D).
    case automatic
    /// The given number of groups, with `shards` ranks each; their product must be the number of ranks.
    case fixed(groups: Int, shards: Int)
  }

  public let rank: Int
  public let ranks: Int
  public let groups: Int
  /// The number of the group of this rank.
  public let group: Int
  /// The ranks of that group.
  public let members: Range<Int>

  /// - Parameters:
  ///   - directions: D; 1 where only the samples can be divided.
  public init(directions: Int, rank: Int, ranks: Int, _ choice: Choice = .automatic) {
    (self.rank, self.ranks) = (rank, ranks)
    switch choice {
    case .automatic: groups = max(1, min(ranks, directions))
    case .fixed(let groups, let shards):
      precondition(groups * shards == ranks, "a grid must have as many places as there are ranks")
      self.groups = directions == 1 ? 1 : groups
    }
    let groups = groups
    func members(_ group: Int) -> Range<Int> { shard(0..<ranks, rank: group, of: groups) }
    group = (0..<groups).first { members($0).contains(rank) } ?? 0
    self.members = members(group)
  }

  /// Whether this rank's group computes pass `index`.
  public func computes(pass index: Int) -> Bool { index % groups == group }

  /// This rank's share of the rows in a pass of its group.
  public func rows(_ count: Int) -> Range<Int> {
    shard(0..<count, rank: rank - members.lowerBound, of: members.count)
  }

  /// How many of `passes` each group computes.
  public func passes(_ passes: Int) -> [Int] {
    (0..<groups).map { group in (0..<passes).count { $0 % groups == group } }
  }
}

extension Grid.Choice {
  /// Reads `auto`, or groups × shards such as `4x2`.
  ///
  /// - Throws: ``HypergradientError`` that names the text that cannot be read.
  public init(parsing text: String) throws(HypergradientError) {
    guard text != "auto" else {
      self = .automatic
      return
    }
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let groups = numbers[0], let shards = numbers[1], groups > 0, shards > 0,
      !groups.multipliedReportingOverflow(by: shards).overflow
    else {
      throw HypergradientError(
        "grid: '\(text)' is no grid; write groups x shards, for example 4x2 for 8 ranks, or auto")
    }
    self = .fixed(groups: groups, shards: shards)
  }

  /// The choice as text that ``init(parsing:)`` reads.
  public var text: String {
    switch self {
    case .automatic: "auto"
    case .fixed(let groups, let shards): "\(groups)x\(shards)"
    }
  }

  /// - Throws: ``HypergradientError`` if the number of places in the grid is not the number of ranks.
  public func check(ranks: Int) throws(HypergradientError) {
    guard case .fixed(let groups, let shards) = self, groups * shards != ranks else { return }
    throw HypergradientError(
      "the grid \(text) has \(groups * shards) places, but the number of ranks is \(ranks); choose groups x shards = \(ranks)"
    )
  }
}
