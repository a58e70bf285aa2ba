private import Kernels

/// The ranks as a grid of directions × data shards.
///
/// Passes along different directions are independent of each other: with n ranks and D of them the world is split into
/// min(n, D) groups of neighbouring ranks, whose sizes differ by at most one. Passes are dealt out to the groups in turn,
/// and the samples of a pass are shared out within its group. Results are summed over the whole grid, so that groups need
/// no communicator of their own.
public struct Grid: Equatable, Sendable {
  /// How many groups there are to be.
  public enum Choice: Equatable, Sendable {
    /// min(n, D).
    case automatic
    /// So many groups of so many ranks; their product must be the number of ranks.
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
  ///   - directions: D; 1 where only the samples can be shared out.
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

  /// This rank's part of the rows of a pass of its group.
  public func rows(_ count: Int) -> Range<Int> {
    shard(0..<count, rank: rank - members.lowerBound, of: members.count)
  }

  /// How many of `passes` each group computes.
  public func passes(_ passes: Int) -> [Int] {
    (0..<groups).map { group in (0..<passes).count { $0 % groups == group } }
  }
}
