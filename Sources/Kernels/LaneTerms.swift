private import CKernels

/// The lanes that the terms of a product are cut into, as the kernels of products add them up: in the order of a
/// ``LaneTree``, each tile of the result while it is in the first-level cache. Made anew without allocating.
public final class LaneTerms {
  /// The most terms that a product with lanes has.
  public static var most: Int { Int(MATRIX_LANE_TERMS) }

  /// How a lane's sum goes to the stack of levels.
  private struct Lane {
    var terms: Int
    var level: CInt
    var isAdded: CInt
    var joins: CInt
  }

  private var lanes: [Lane] = []
  /// The sum of the lanes' terms.
  public private(set) var count = 0

  public init() {
    precondition(
      MemoryLayout<Lane>.stride == MemoryLayout<matrix_lane>.stride
        && MemoryLayout<Lane>.offset(of: \.joins) == MemoryLayout<matrix_lane>.offset(of: \.joins),
      "a lane has the layout that the kernels read")
  }

  /// Takes a subtree of a minibatch of so many samples, with a term for each row.
  public func set(_ subtree: Range<Int>, of tree: LaneTree, samples: Int) {
    lanes.removeAll(keepingCapacity: true)
    count = tree.rows(of: subtree, samples: samples).count
    precondition(count <= Self.most && tree.levels < MATRIX_LANE_LEVELS, "lanes must fit the kernels of products")
    append(subtree, of: tree, samples: samples, level: 0, isAdded: false)
  }

  private func append(_ subtree: Range<Int>, of tree: LaneTree, samples: Int, level: CInt, isAdded: Bool) {
    guard subtree.count > 1 else {
      let terms = tree.rows(of: subtree, samples: samples).count
      return lanes.append(Lane(terms: terms, level: level, isAdded: isAdded ? 1 : 0, joins: 0))
    }
    let (left, right) = LaneTree.halves(subtree)
    append(left, of: tree, samples: samples, level: level, isAdded: false)
    // A single lane is added to its neighbour's sum as it is formed.
    let isSingle = right.count == 1
    append(right, of: tree, samples: samples, level: isSingle ? level : level + 1, isAdded: isSingle)
    if !isSingle { lanes[lanes.count - 1].joins += 1 }
  }

  /// Gives the lanes to `body` as the kernels read them.
  func withLanes<Result>(_ body: (UnsafeRawPointer?, Int) -> Result) -> Result {
    unsafe lanes.withUnsafeBytes { unsafe body($0.baseAddress, lanes.count) }
  }
}
