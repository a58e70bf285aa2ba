/// Sums over the samples of a minibatch, with the memory in which they are added up.
///
/// Without lanes, a rank forms the sums over its samples, and these are added up over the ranks. With lanes, a rank
/// forms the sums of each of its lanes, and they are added in the order of the ``LaneTree``. The first sums allocate
/// the memory that depends on the ranks; later sums of the same kind allocate nothing.
public final class SampleSums<Scalar: Real> {
  /// The sums over this rank's samples, or over its first subtree of lanes; in the end, the sums over all samples.
  public let values: Vector<Scalar>
  /// The sums of the rank's other subtrees, [subtrees − 1] vectors.
  public private(set) var others: [Vector<Scalar>] = []
  /// The intermediate sums of right halves of the tree, [levels × width]; allocated when first needed.
  private var levels = Arena<Scalar>(count: 0)
  private var width = 0

  public init(count: Int) { values = Arena(count: count).all }

  public init(_ values: Vector<Scalar>) { self.values = values }

  /// Makes room for the lanes of this rank.
  ///
  /// - Parameter width: the largest number of sums that are formed at once; nil: all.
  public func reserve(_ tree: LaneTree, width: Int? = nil) {
    while others.count < tree.subtrees.count - 1 { others.append(Arena(count: values.count).all) }
    self.width = max(self.width, width ?? values.count)
  }

  /// Sets all sums of this rank to 0.
  public func clear(over ranks: borrowing some GlobalSum & ~Copyable) {
    if let tree = ranks.lanes { reserve(tree, width: 0) }
    values.fill(0)
    for sums in others { sums.fill(0) }
  }

  /// The sums of a subtree of this rank.
  public func subtree(_ index: Int) -> Vector<Scalar> { index == 0 ? values : others[index - 1] }

  /// The first numbers of a level of the tree, 1 or higher, see ``LaneTree/fold(_:level:form:join:isFormed:)``.
  public func level(_ level: Int, count: Int, of tree: LaneTree) -> Vector<Scalar> {
    precondition(count <= width, "the numbers of a level must fit the room that was reserved")
    if levels.count < tree.levels * width { levels = Arena(count: tree.levels * width) }
    return levels.all[(level - 1) * width..<(level - 1) * width + count]
  }

  /// Forms the sums of this rank and adds them up over all samples. Collective.
  ///
  /// - Parameters:
  ///   - rows: how many samples this rank has.
  ///   - samples: how many samples all ranks have together.
  ///   - form: overwrites a vector with the sums over some of this rank's rows.
  public func add(
    rows: Int, samples: Int, over ranks: borrowing some GlobalSum & ~Copyable,
    _ form: (Range<Int>, Vector<Scalar>) throws -> Void
  ) throws {
    guard let tree = ranks.lanes else {
      try form(0..<rows, values)
      return try ranks.sum(values)
    }
    precondition(rows == tree.shard(0..<samples).count, "a rank has the samples of its lanes")
    reserve(tree)
    for (index, subtree) in tree.subtrees.enumerated() {
      func vector(_ level: Int) -> Vector<Scalar> {
        level == 0 ? self.subtree(index) : self.level(level, count: values.count, of: tree)
      }
      try tree.fold(subtree) { lanes, level in
        try form(tree.rows(of: lanes, samples: samples), vector(level))
      } join: {
        vector($0).add(vector($0 + 1))
      }
    }
    try addUp(over: ranks)
  }

  /// Adds this rank's sums up over all ranks, and so over all samples. Collective.
  ///
  /// - Parameter range: the sums to add up; nil: all.
  public func addUp(_ range: Range<Int>? = nil, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let range = range ?? 0..<values.count
    guard ranks.lanes != nil else { return try ranks.sum(values[range]) }
    try Scalar.sumSubtrees(values, others, range, over: ranks)
  }
}
