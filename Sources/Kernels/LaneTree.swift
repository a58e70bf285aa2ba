/// The order in which sums over samples are added, so that their bits do not depend on which rank holds which samples.
///
/// A minibatch of S samples is split by position into K lanes. Lane k has the samples `shard(0..<S, rank: k, of: K)`.
/// The sum of a lane covers only its own samples; it is 0 where the lane has none. The sum of the lanes a ..< b is the
/// sum of a ..< m plus the sum of m ..< b, with m = ⌊(a + b)/2⌋: a binary tree whose root is the sum of all lanes.
///
/// Rank r of n holds the neighbouring lanes `shard(0..<K, rank: r, of: n)`; with more ranks than lanes, some ranks hold
/// none. A rank adds up every subtree whose lanes it holds completely. The ranks then exchange the sums of the largest
/// of these subtrees, and add them along the rest of the tree.
public struct LaneTree: Equatable, Sendable {
  /// K.
  public let lanes: Int
  /// The lanes of this rank.
  public let own: Range<Int>
  /// The largest subtrees within ``own``, in order.
  public let subtrees: [Range<Int>]
  /// The number of such subtrees on each rank.
  public let subtreeCounts: [Int]
  /// The additions `sums[into] += sums[from]` that join the subtrees of all ranks, numbered in order. After them,
  /// `sums[0]` is the sum of all lanes.
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

  /// The two halves of a subtree of several lanes: its sum is the sum of the halves.
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

  /// The number of vectors that ``fold(_:level:form:join:)`` needs besides its result.
  public var levels: Int { (lanes - 1).bitWidth - max(lanes - 1, 0).leadingZeroBitCount }

  /// Adds up the lanes of a subtree.
  ///
  /// - Parameters:
  ///   - level: the level of the result.
  ///   - form: overwrites the vector of a level, 0 ... ``levels``, with the sum of some lanes.
  ///   - join: adds the vector of the next level to the vector of a level.
  ///   - isFormed: whether `form` can form the sum of a subtree of several lanes at once, added in the order of the
  ///     tree.
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

  /// This rank's part of a range whose elements are divided among the lanes.
  public func shard(_ range: Range<Int>) -> Range<Int> { elements(of: own, in: range) }

  /// The rows of some of this rank's lanes in a minibatch of `samples` samples, counted from the rank's first row.
  public func rows(of lanes: Range<Int>, samples: Int) -> Range<Int> {
    precondition(lanes.clamped(to: own) == lanes, "a rank has the rows of its own lanes")
    let (first, part) = (shard(0..<samples).lowerBound, elements(of: lanes, in: 0..<samples))
    return part.lowerBound - first..<part.upperBound - first
  }

  private func elements(of lanes: Range<Int>, in range: Range<Int>) -> Range<Int> {
    let start = range.lowerBound
    return start + range.count * lanes.lowerBound / self.lanes..<start + range.count * lanes.upperBound / self.lanes
  }

  /// The largest number of rows that a rank gets of a minibatch of `samples` samples.
  public static func capacity(samples: Int, lanes: Int, ranks: Int) -> Int {
    let most = (lanes + ranks - 1) / ranks
    return (samples * most + lanes - 1) / lanes
  }
}
