internal import Kernels

extension GlobalSum where Self: ~Copyable {
  /// Rank 0's numbers on every rank, bit by bit. Collective.
  ///
  /// Ranks on different kinds of processor may round differently; what they decide from these numbers they decide alike.
  ///
  /// - Parameters:
  ///   - count: how many numbers there are.
  ///   - values: called on rank 0 only.
  func first(_ count: Int, _ values: () -> [Double]) throws -> [Double] {
    let shared = Arena<Double>(count: count)
    if rank == 0 { shared.all.copy(from: values()) }
    try sum(shared.all)
    return shared.all.array
  }
}
