public import Kernels
public import MPI

/// The ranks of an MPI group add vectors up with Allreduce, in place and whole; ``RankGroup`` does it as a configuration asks
/// for.
extension Communicator: GlobalSum {
  public func sum(_ values: Vector<Float>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }
  public func sum(_ values: Vector<Double>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }

  /// A reduce-scatter and an allgather of half as many bytes as those of an allreduce in Float.
  ///
  /// Each rank gets everybody's bfloat16 numbers for its part of the vector, adds them up in Float in the order of the
  /// ranks, rounds the sums once and gives them to all: the bits are the same on every rank, and there are two roundings
  /// for any number of ranks. An allreduce with an addition of bfloat16 would round log₂ p to p − 1 times. The part's
  /// owner gets p − 1 messages, so on many ranks the latency is that of a ring.
  public func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws {
    guard ranks > 1 else { return }
    for piece in exchange.pieces(of: values) {
      exchange.prepare(count: piece.count, rank: rank, ranks: ranks)
      exchange.own.round(values[piece])
      try exchange.own.withMutableBits(piece.count) { numbers in
        try exchange.gathered.withMutableBits(exchange.part.count * ranks) {
          try exchangeParts(
            numbers, starts: exchange.starts, counts: exchange.counts, into: &$0, places: exchange.places,
            lengths: exchange.lengths)
        }
      }
      exchange.own.setSums(exchange.part, of: exchange.gathered, parts: ranks)
      try exchange.own.withMutableBits(piece.count) {
        try gatherParts(&$0, starts: exchange.starts, counts: exchange.counts)
      }
      exchange.own.widen(into: values[piece])
    }
  }
}
