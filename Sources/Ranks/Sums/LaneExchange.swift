internal import Kernels
internal import MPI

/// How the ranks of a group add up the sums of their subtrees of lanes, however the subtrees are distributed: see
/// `LaneTree`.
///
/// For few numbers every rank gets the sums of all subtrees. For many numbers each rank gets the sums for its part of
/// the numbers, adds them up, and sends the result to all ranks. The traffic equals that of a ring allreduce where
/// every rank has one subtree, at 2, 4 and 8 ranks of 8 lanes, and is less than twice as much elsewhere. The first sums
/// allocate the memory that depends on their length.
package final class LaneExchange {
  /// At most so many numbers go to all ranks.
  private static var few: Int { 2048 }
  /// The most numbers in one exchange: the gathered numbers need this size times the number of subtrees of a rank.
  package static var most: Int { 1 << 22 }

  let tree: LaneTree
  /// The sums of all subtrees, one after the other.
  private var floats = Arena<Float>(count: 0)
  private var doubles = Arena<Double>(count: 0)
  /// For each rank the start and the count of its numbers: those that are sent, and those that are received.
  private var starts, counts, places, lengths: [CInt]

  init(_ tree: LaneTree, ranks: Int) {
    self.tree = tree
    (starts, counts) = (Array(repeating: 0, count: ranks), Array(repeating: 0, count: ranks))
    (places, lengths) = (starts, counts)
  }

  func sum(
    _ values: Vector<Float>, _ others: [Vector<Float>], _ range: Range<Int>, over group: borrowing Communicator
  ) throws {
    try sum(values, others, range, gathered: &floats, over: group)
  }

  func sum(
    _ values: Vector<Double>, _ others: [Vector<Double>], _ range: Range<Int>, over group: borrowing Communicator
  ) throws {
    try sum(values, others, range, gathered: &doubles, over: group)
  }

  private func sum<Scalar: Real & MPIScalar>(
    _ values: Vector<Scalar>, _ others: [Vector<Scalar>], _ range: Range<Int>, gathered: inout Arena<Scalar>,
    over group: borrowing Communicator
  ) throws {
    // A single rank has the whole tree.
    guard group.ranks > 1 else { return }
    var start = range.lowerBound
    while start < range.upperBound {
      let piece = start..<min(start + Self.most, range.upperBound)
      if range.count <= Self.few {
        try gatherAll(values, others, piece, &gathered, over: group)
      } else {
        try addParts(values, others, piece, &gathered, over: group)
      }
      start = piece.upperBound
    }
  }

  private var subtrees: Int { tree.additions.count + 1 }

  /// The sums of one subtree of this rank.
  private func own<Scalar: Real>(_ index: Int, _ values: Vector<Scalar>, _ others: [Vector<Scalar>]) -> Vector<Scalar> {
    index == 0 ? values : others[index - 1]
  }

  private func addUp<Scalar: Real>(_ gathered: Vector<Scalar>, count: Int) {
    for addition in tree.additions {
      gathered[addition.into * count..<(addition.into + 1) * count].add(
        gathered[addition.from * count..<(addition.from + 1) * count])
    }
  }

  /// Every rank adds up all subtrees.
  private func gatherAll<Scalar: Real & MPIScalar>(
    _ values: Vector<Scalar>, _ others: [Vector<Scalar>], _ range: Range<Int>, _ gathered: inout Arena<Scalar>,
    over group: borrowing Communicator
  ) throws {
    let count = range.count
    if gathered.count < subtrees * count { gathered = Arena(count: subtrees * count) }
    let all = gathered.all[0..<subtrees * count]
    var next = 0
    for rank in 0..<group.ranks {
      (starts[rank], counts[rank]) = (CInt(next), CInt(tree.subtreeCounts[rank] * count))
      next += tree.subtreeCounts[rank] * count
    }
    for index in tree.subtrees.indices {
      let start = Int(starts[group.rank]) + index * count
      all[start..<start + count].copy(from: own(index, values, others)[range])
    }
    try all.withMutableSpan { try group.gatherParts(&$0, starts: starts, counts: counts) }
    addUp(all, count: count)
    values[range].copy(from: all[0..<count])
  }

  /// Every rank adds up all subtrees of a part of the numbers.
  private func addParts<Scalar: Real & MPIScalar>(
    _ values: Vector<Scalar>, _ others: [Vector<Scalar>], _ range: Range<Int>, _ gathered: inout Arena<Scalar>,
    over group: borrowing Communicator
  ) throws {
    let part = Kernels.shard(range, rank: group.rank, of: group.ranks)
    let count = part.count
    if gathered.count < subtrees * count { gathered = Arena(count: subtrees * count) }
    let all = gathered.all[0..<subtrees * count]
    // The first subtrees of all ranks, then the second ones, …: each exchange sends one message for each pair of ranks.
    for index in 0..<(tree.subtreeCounts.max() ?? 0) {
      let sends = index < tree.subtrees.count
      var before = 0
      for rank in 0..<group.ranks {
        let (other, has) = (Kernels.shard(range, rank: rank, of: group.ranks), index < tree.subtreeCounts[rank])
        (starts[rank], counts[rank]) = (CInt(other.lowerBound - range.lowerBound), sends ? CInt(other.count) : 0)
        (places[rank], lengths[rank]) = (has ? CInt((before + index) * count) : 0, has ? CInt(count) : 0)
        before += tree.subtreeCounts[rank]
      }
      try own(sends ? index : 0, values, others)[range].withMutableSpan { numbers in
        try all.withMutableSpan {
          try group.exchangeParts(
            numbers, starts: starts, counts: counts, into: &$0, places: places, lengths: lengths)
        }
      }
    }
    addUp(all, count: count)
    values[part].copy(from: all[0..<count])
    for rank in 0..<group.ranks {
      let other = Kernels.shard(range, rank: rank, of: group.ranks)
      (starts[rank], counts[rank]) = (CInt(other.lowerBound - range.lowerBound), CInt(other.count))
    }
    try values[range].withMutableSpan { try group.gatherParts(&$0, starts: starts, counts: counts) }
  }
}
