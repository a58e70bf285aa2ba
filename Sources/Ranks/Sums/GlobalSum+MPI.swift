public import Kernels
public import MPI

/// The ranks of an MPI group add vectors up with Allreduce, in place and whole; ``RankGroup`` adds them up as a
/// configuration asks.
extension Communicator: GlobalSum {
  public func sum(_ values: Vector<Float>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }
  public func sum(_ values: Vector<Double>) throws { try values.withMutableSpan { try allReduceSum(&$0) } }

  /// A reduce-scatter and an allgather, which move half as many bytes as an allreduce in Float.
  ///
  /// Each rank gets every rank's bfloat16 numbers for its part of the vector, adds them up in Float in the order of the
  /// ranks, rounds the sums once and sends them to all. So the bits are the same on every rank, and each number is
  /// rounded twice for any number of ranks. An allreduce with an addition of bfloat16 would round log₂ p to p − 1
  /// times. The owner of a part receives p − 1 messages, so on many ranks the latency is that of a ring.
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
