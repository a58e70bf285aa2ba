private import CKernels

/// The lanes into which the terms of a product are split, in the form that the product kernels read. The kernels add
/// the lanes of each tile of the result in the order of a ``LaneTree``, while the tile is in the first-level cache.
/// ``set(_:of:samples:)`` reuses the memory of earlier lanes.
public final class LaneTerms {
  /// The largest number of terms of a product with lanes.
  public static var most: Int { Int(MATRIX_LANE_TERMS) }

  /// How the kernels put a lane's sum on the stack of levels.
  private struct Lane {
    var terms: Int
    var level: CInt
    var isAdded: CInt
    var joins: CInt
  }

  private var lanes: [Lane] = []
  /// The number of terms of all lanes together.
  public private(set) var count = 0

  public init() {
    precondition(
      MemoryLayout<Lane>.stride == MemoryLayout<matrix_lane>.stride
        && MemoryLayout<Lane>.offset(of: \.joins) == MemoryLayout<matrix_lane>.offset(of: \.joins),
      "a lane has the layout that the kernels read")
  }

  /// Sets the lanes to those of a subtree, for a minibatch of `samples` samples. Each row is one term.
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
    // A single right lane is added to its neighbour's sum while it is formed.
    let isSingle = right.count == 1
    append(right, of: tree, samples: samples, level: isSingle ? level : level + 1, isAdded: isSingle)
    if !isSingle { lanes[lanes.count - 1].joins += 1 }
  }

  /// Calls `body` with the lanes in the form that the kernels read.
  func withLanes<Result>(_ body: (UnsafeRawPointer?, Int) -> Result) -> Result {
    unsafe lanes.withUnsafeBytes { unsafe body($0.baseAddress, lanes.count) }
  }
}
