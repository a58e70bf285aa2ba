/// The order in which sums over samples are added up, so that their bits do not depend on who holds the samples.
///
/// A minibatch of S samples is cut, by position, into K lanes: lane k has the samples `shard(0..<S, rank: k, of: K)`, and a
/// lane's sum is formed of its own samples alone, 0 where it has none. The sum of the lanes a ..< b is that of a ..< m plus
/// that of m ..< b, m = ⌊(a + b)/2⌋: one binary tree with the sum of all at its top. Rank r of n holds the neighbouring lanes
/// `shard(0..<K, rank: r, of: n)`; of more ranks than lanes some hold none. A rank adds up every subtree of which it holds
/// all lanes; the sums of the largest of these travel, and are added up as the tree goes on.
public struct LaneTree: Equatable, Sendable {
  /// K.
  public let lanes: Int
  /// The lanes of this rank.
  public let own: Range<Int>
  /// The largest subtrees within ``own``, in order.
  public let subtrees: [Range<Int>]
  /// How many of these each rank has.
  public let subtreeCounts: [Int]
  /// The additions `sums[into] += sums[from]` after which the first of the ranks' subtrees, all in order, is the sum of all
  /// lanes.
  public let additions: [Addition]

  public struct Addition: Equatable, Sendable {
    public let into, from: Int
  }

  public init(lanes: Int, rank: Int, ranks: Int) {
    precondition(lanes > 0 && rank >= 0 && rank < ranks, "a tree has lanes, and a rank is one of the ranks")
    let parts = (0..<ranks).map { Kernels.shard(0..<lanes, rank: $0, of: ranks) }
    let all = parts.map { Self.subtrees(of: 0..<lanes, within: $0) }
    (self.lanes, own, subtrees, subtreeCounts) = (lanes, parts[rank], all[rank], all.map(\.count))
    additions = Self.additions(joining: all.flatMap(\.self), to: 0..<lanes)
  }

  /// The two subtrees whose sums make up that of a subtree of several lanes.
  static func halves(_ lanes: Range<Int>) -> (Range<Int>, Range<Int>) {
    let middle = (lanes.lowerBound + lanes.upperBound) / 2
    return (lanes.lowerBound..<middle, middle..<lanes.upperBound)
  }

  private static func subtrees(of lanes: Range<Int>, within part: Range<Int>) -> [Range<Int>] {
    guard lanes.overlaps(part) else { return [] }
    if lanes.clamped(to: part) == lanes { return [lanes] }
    let (left, right) = halves(lanes)
    return subtrees(of: left, within: part) + subtrees(of: right, within: part)
  }

  private static func additions(joining subtrees: [Range<Int>], to whole: Range<Int>) -> [Addition] {
    var additions: [Addition] = []
    var next = 0
    func join(_ lanes: Range<Int>) -> Int {
      if subtrees[next] == lanes {
        next += 1
        return next - 1
      }
      let (left, right) = halves(lanes)
      let sums = (join(left), join(right))
      additions.append(Addition(into: sums.0, from: sums.1))
      return sums.0
    }
    _ = join(whole)
    return additions
  }

  /// How many vectors ``fold(_:level:form:join:)`` needs beside its result.
  public var levels: Int { (lanes - 1).bitWidth - max(lanes - 1, 0).leadingZeroBitCount }

  /// Adds up the lanes of a subtree.
  ///
  /// - Parameters:
  ///   - level: of the result.
  ///   - form: overwrites the vector of a level, 0 ... ``levels``, by the sum of some lanes.
  ///   - join: adds the vector of the next level to that of a level.
  ///   - isFormed: whether `form` takes a subtree of several lanes as it is, and adds its lanes up as the tree says.
  public func fold(
    _ lanes: Range<Int>, level: Int = 0, form: (Range<Int>, Int) throws -> Void, join: (Int) throws -> Void,
    isFormed: (Range<Int>) -> Bool = { _ in false }
  ) rethrows {
    guard lanes.count > 1, !isFormed(lanes) else { return try form(lanes, level) }
    let (left, right) = Self.halves(lanes)
    try fold(left, level: level, form: form, join: join, isFormed: isFormed)
    try fold(right, level: level + 1, form: form, join: join, isFormed: isFormed)
    try join(level)
  }

  /// The sum of one number from each lane of a subtree.
  public func sum<Scalar: Real>(_ lanes: Range<Int>, _ number: (Int) -> Scalar) -> Scalar {
    guard lanes.count > 1 else { return number(lanes.lowerBound) }
    let (left, right) = Self.halves(lanes)
    return sum(left, number) + sum(right, number)
  }

  /// This rank's part of a range whose elements the lanes share out.
  public func shard(_ range: Range<Int>) -> Range<Int> { elements(of: own, in: range) }

  /// The rows of some of this rank's lanes, counted from its first one, in a minibatch of so many samples.
  public func rows(of lanes: Range<Int>, samples: Int) -> Range<Int> {
    precondition(lanes.clamped(to: own) == lanes, "a rank has the rows of its own lanes")
    let (first, part) = (shard(0..<samples).lowerBound, elements(of: lanes, in: 0..<samples))
    return part.lowerBound - first..<part.upperBound - first
  }

  private func elements(of lanes: Range<Int>, in range: Range<Int>) -> Range<Int> {
    let start = range.lowerBound
    return start + range.count * lanes.lowerBound / self.lanes..<start + range.count * lanes.upperBound / self.lanes
  }

  /// The most rows that a rank gets of a minibatch of so many samples.
  public static func capacity(samples: Int, lanes: Int, ranks: Int) -> Int {
    let most = (lanes + ranks - 1) / ranks
    return (samples * most + lanes - 1) / lanes
  }
}
