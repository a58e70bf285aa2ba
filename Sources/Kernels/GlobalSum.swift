/// What the mathematics needs to know of the other ranks: how to add a vector up over all of them.
///
/// Every rank calls it in the same order with vectors of the same length; afterwards all hold the same bits.
public protocol GlobalSum: ~Copyable {
  /// This process's number, 0 …< ``ranks``.
  var rank: Int { get }
  /// The number of processes whose vectors are added.
  var ranks: Int { get }
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Float>) throws
  /// Replaces the elements by their sums over the ranks.
  func sum(_ values: Vector<Double>) throws
}

extension GlobalSum where Self: ~Copyable {
  /// Replaces the elements by their sums over the ranks, whatever their precision.
  public func sum<Scalar: Real>(_ values: Vector<Scalar>) throws { try Scalar.sum(values, over: self) }
}

/// The sum over a single process: every vector is its own sum.
public struct SingleRank: GlobalSum {
  public init() {}
  public var rank: Int { 0 }
  public var ranks: Int { 1 }
  public func sum(_ values: Vector<Float>) {}
  public func sum(_ values: Vector<Double>) {}
}
