/// What the mathematics needs to know about the other ranks: how to sum a vector over all of them.
///
/// Every rank makes the same calls in the same order, with vectors of the same length. Afterwards all ranks hold the
/// same bits.
public protocol GlobalSum: ~Copyable {
  /// This process's number, 0 …< ``ranks``.
  var rank: Int { get }
  /// The number of processes whose vectors are added.
  var ranks: Int { get }
  /// The lanes in which sums over samples are formed and added; nil where every rank sums over its own samples, in an
  /// order that depends on the number of ranks.
  var lanes: LaneTree? { get }
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Float>) throws
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Double>) throws
  /// Replaces the elements by their sums over the ranks, with each addend and each sum rounded once to bfloat16.
  ///
  /// For nonnegative numbers and p ranks, the relative error of a sum is at most (1 + 2⁻⁸)² (1 + 2⁻²⁴)^(p−1) − 1 ≈ 2⁻⁷,
  /// plus an absolute error of (p + 1) 2⁻¹³⁴ for denormal numbers. A single rank's numbers do not change.
  ///
  /// - Parameter exchange: has room for the vector.
  func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws

  /// Replaces some elements of this rank's first subtree of ``lanes`` by the sums over all lanes, added in the order of
  /// the tree.
  ///
  /// - Parameters:
  ///   - values: the sums of the first subtree; any numbers where the rank has no lanes.
  ///   - others: the sums of the rank's other subtrees, each of the same length.
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

  /// The same rounding, with numbers that stay Float throughout: for sums that need no small messages.
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

  /// - Parameter lanes: the number of lanes into which the samples are split; nil: one sum over all samples.
  public init(lanes: Int? = nil) { self.lanes = lanes.map { LaneTree(lanes: $0, rank: 0, ranks: 1) } }

  public var rank: Int { 0 }
  public var ranks: Int { 1 }
  public func sum(_ values: Vector<Float>) {}
  public func sum(_ values: Vector<Double>) {}
}

/// The part of `range` that rank `rank` of `ranks` computes. The parts are contiguous and their sizes differ by at most
/// one; some are empty when there are more ranks than elements.
public func shard(_ range: Range<Int>, rank: Int, of ranks: Int) -> Range<Int> {
  let start = range.lowerBound
  return start + range.count * rank / ranks..<start + range.count * (rank + 1) / ranks
}

extension GlobalSum where Self: ~Copyable {
  /// This rank's part of a range; where there are lanes, the part of its lanes.
  public func shard(_ range: Range<Int>) -> Range<Int> {
    lanes?.shard(range) ?? Kernels.shard(range, rank: rank, of: ranks)
  }
}
