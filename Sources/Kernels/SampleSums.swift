/// Sums over the samples of a minibatch, with the memory in which they are added up.
///
/// Where the ranks have no lanes a rank forms the sums of its samples, and these are added up over the ranks. Where they
/// have, it forms those of every lane and adds them up in the order of the ``LaneTree``. The first sums allocate what depends
/// on the ranks; later ones like them allocate nothing.
public final class SampleSums<Scalar: Real> {
  /// The sums of this rank's samples or of its first subtree of lanes; those of all samples in the end.
  public let values: Vector<Scalar>
  /// Those of its other subtrees, [subtrees − 1] of them.
  public private(set) var others: [Vector<Scalar>] = []
  /// The right halves of the tree on the way, [levels × width]; made when the first is asked for.
  private var levels = Arena<Scalar>(count: 0)
  private var width = 0

  public init(count: Int) { values = Arena(count: count).all }

  public init(_ values: Vector<Scalar>) { self.values = values }

  /// Makes room for the lanes of this rank.
  ///
  /// - Parameter width: the most numbers that are formed at once; all where nil.
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

  /// The first numbers of level 1 ... of the tree, see ``LaneTree/fold(_:level:form:join:isFormed:)``.
  public func level(_ level: Int, count: Int, of tree: LaneTree) -> Vector<Scalar> {
    precondition(count <= width, "the numbers of a level must fit the room that was reserved")
    if levels.count < tree.levels * width { levels = Arena(count: tree.levels * width) }
    return levels.all[(level - 1) * width..<(level - 1) * width + count]
  }

  /// Forms the sums of this rank and adds them up over all samples. Collective.
  ///
  /// - Parameters:
  ///   - rows: how many samples this rank has.
  ///   - samples: how many all ranks have together.
  ///   - form: overwrites a vector by the sums over some of this rank's rows.
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

  /// Adds up over all samples what was formed of this rank's. Collective.
  ///
  /// - Parameter range: which of the sums; all where nil.
  public func addUp(_ range: Range<Int>? = nil, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let range = range ?? 0..<values.count
    guard ranks.lanes != nil else { return try ranks.sum(values[range]) }
    try Scalar.sumSubtrees(values, others, range, over: ranks)
  }
}
