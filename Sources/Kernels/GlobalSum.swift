/// What the mathematics needs to know of the other ranks: how to add a vector up over all of them.
///
/// Every rank calls it in the same order with vectors of the same length; afterwards all hold the same bits.
public protocol GlobalSum: ~Copyable {
  /// This process's number, 0 …< ``ranks``.
  var rank: Int { get }
  /// The number of processes whose vectors are added.
  var ranks: Int { get }
  /// The lanes in which sums over samples are formed and added up; nil where every rank adds up what it has, in an order
  /// that depends on the number of ranks.
  var lanes: LaneTree? { get }
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Float>) throws
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Double>) throws
  /// Replaces the elements by their sums over the ranks, where addends and sums are rounded to bfloat16 once each.
  ///
  /// Of numbers that are not negative a sum is off by at most (1 + 2⁻⁸)² (1 + 2⁻²⁴)^(p−1) − 1 ≈ 2⁻⁷ relatively, for any
  /// number p of ranks, besides (p + 1) 2⁻¹³⁴ for denormal ones. A single rank's numbers stay as they are.
  ///
  /// - Parameter exchange: has room for the vector.
  func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws

  /// Replaces some elements of this rank's first subtree of ``lanes`` by the sums over all lanes, added up in the tree.
  ///
  /// - Parameters:
  ///   - values: the sums of the first subtree; any numbers where the rank has no lanes.
  ///   - others: those of its other subtrees, each as long.
  func sumSubtrees(_ values: Vector<Float>, _ others: [Vector<Float>], _ range: Range<Int>) throws
  func sumSubtrees(_ values: Vector<Double>, _ others: [Vector<Double>], _ range: Range<Int>) throws
}

extension GlobalSum where Self: ~Copyable {
  public var lanes: LaneTree? { nil }

  public func sumSubtrees(_ values: Vector<Float>, _ others: [Vector<Float>], _ range: Range<Int>) throws {
    precondition(ranks == 1 && others.isEmpty, "ranks that have no lanes have no subtrees of them")
  }
  public func sumSubtrees(_ values: Vector<Double>, _ others: [Vector<Double>], _ range: Range<Int>) throws {
    precondition(ranks == 1 && others.isEmpty, "ranks that have no lanes have no subtrees of them")
  }

  /// The same numbers in Float all the way, for sums that do not travel.
  public func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws {
    guard ranks > 1 else { return }
    for range in exchange.pieces(of: values) { exchange.roundInPlace(values[range]) }
    try sum(values)
    for range in exchange.pieces(of: values) { exchange.roundInPlace(values[range]) }
  }

  /// Replaces the elements by their sums over the ranks, whatever their precision.
  public func sum<Scalar: Real>(_ values: Vector<Scalar>) throws { try Scalar.sum(values, over: self) }
}

/// The sum over a single process: every vector is its own sum.
public struct SingleRank: GlobalSum {
  public let lanes: LaneTree?

  /// - Parameter lanes: how many lanes the samples are cut into; one sum over all samples where nil.
  public init(lanes: Int? = nil) { self.lanes = lanes.map { LaneTree(lanes: $0, rank: 0, ranks: 1) } }

  public var rank: Int { 0 }
  public var ranks: Int { 1 }
  public func sum(_ values: Vector<Float>) {}
  public func sum(_ values: Vector<Double>) {}
}

/// The part of `range` that rank `rank` of `ranks` computes: contiguous, sizes differ by at most one, empty when there
/// are more ranks than elements.
public func shard(_ range: Range<Int>, rank: Int, of ranks: Int) -> Range<Int> {
  let start = range.lowerBound
  return start + range.count * rank / ranks..<start + range.count * (rank + 1) / ranks
}

extension GlobalSum where Self: ~Copyable {
  /// This rank's part of a range: that of its lanes where there are lanes.
  public func shard(_ range: Range<Int>) -> Range<Int> {
    lanes?.shard(range) ?? Kernels.shard(range, rank: rank, of: ranks)
  }
}
