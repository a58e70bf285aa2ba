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
