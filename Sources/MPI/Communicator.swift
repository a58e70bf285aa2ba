internal import CMPI
private import Glibc

/// A group of ranks that compute together.
///
/// Every function that is marked *collective* must be called by all ranks of the group, in the same order.
@safe
public struct Communicator: ~Copyable {
  let handle: MPI_Comm

  /// This process's number in the group, 0 …< ``ranks``.
  public let rank: Int
  /// The number of processes in the group.
  public let ranks: Int

  init(adopting handle: MPI_Comm) throws(MPIError) {
    unsafe self.handle = handle
    var rank: CInt = 0
    var size: CInt = 0
    try unsafe check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
    try unsafe check(MPI_Comm_size(handle, &size), "MPI_Comm_size")
    self.rank = Int(rank)
    self.ranks = Int(size)
  }

  /// All ranks of the job. MPI must be initialised.
  static func world() throws(MPIError) -> Communicator {
    // Without this, the default handler would abort before the program could check a return code.
    try unsafe check(MPI_Comm_set_errhandler(cmpi_comm_world(), cmpi_errors_return()), "MPI_Comm_set_errhandler")
    return try unsafe Communicator(adopting: cmpi_comm_world())
  }

  /// Ends all ranks of the job at once with an exit code. Does not return.
  public consuming func abort(code: Int32) -> Never {
    _ = unsafe MPI_Abort(handle, code)
    // MPI_Abort should not return. If it does, this process must not continue.
    _exit(code)
  }

  /// Collective: returns when every rank has called it.
  public func barrier() throws(MPIError) {
    try unsafe check(MPI_Barrier(handle), "MPI_Barrier")
  }

  /// Collective: replaces the values on every rank by their sums over the ranks, in place.
  ///
  /// All ranks get the same bits. The order of the additions, and so the rounding, depends on the number of ranks and
  /// on the size of the pieces.
  ///
  /// In Open MPI, large messages in both directions of one TCP connection delay each other: the announcement of one
  /// message waits behind the bytes of the other. Pieces of 64 KiB need no announcement.
  ///
  /// - Parameter pieceBytes: the size in bytes of the pieces that are summed one after another; nil: the whole vector
  ///   at once. Must be the same on all ranks.
  public func allReduceSum<Scalar: MPIScalar>(
    _ values: inout MutableSpan<Scalar>, pieceBytes: Int? = nil
  ) throws(MPIError) {
    guard ranks > 1 else { return }
    // MPI 3.1, 5.9.6. Counts are of type int, so a very large arena is always split into pieces.
    let most = Int(CInt.max)
    let limit = pieceBytes.map { min(most, max(1, $0 / MemoryLayout<Scalar>.stride)) } ?? most
    var start = 0
    while start < values.count {
      let count = min(limit, values.count - start)
      try unsafe check(
        values.withUnsafeMutableBufferPointer { buffer in
          unsafe MPI_Allreduce(
            cmpi_in_place(), buffer.baseAddress.map { unsafe $0 + start }, CInt(count), Scalar.mpiDatatype.handle,
            cmpi_sum(), handle)
        }, "MPI_Allreduce")
      start += count
    }
  }

  /// Collective: the minimum of one number from each rank.
  public func allReduceMin(_ value: Int64) throws(MPIError) -> Int64 {
    var result = value
    try unsafe check(
      MPI_Allreduce(cmpi_in_place(), &result, 1, cmpi_int64(), cmpi_min(), handle), "MPI_Allreduce")
    return result
  }

  /// Collective: returns the values of all ranks on every rank, in the order of the ranks.
  public func allGather<Scalar: MPIScalar>(_ value: Scalar) throws(MPIError) -> [Scalar] {
    var all = [Scalar](repeating: value, count: ranks)
    var own = value
    let type = Scalar.mpiDatatype
    try unsafe check(MPI_Allgather(&own, 1, type.handle, &all, 1, type.handle, handle), "MPI_Allgather")
    return all
  }

  /// Collective: returns the text of rank `root` on every rank; the texts of the other ranks are ignored.
  public func broadcast(_ text: String, from root: Int) throws(MPIError) -> String {
    var bytes = rank == root ? Array(text.utf8) : []
    var count = Int64(bytes.count)
    try unsafe check(MPI_Bcast(&count, 1, cmpi_int64(), CInt(root), handle), "MPI_Bcast")
    if rank != root { bytes = [UInt8](repeating: 0, count: Int(count)) }
    try unsafe check(MPI_Bcast(&bytes, CInt(count), cmpi_uint8(), CInt(root), handle), "MPI_Bcast")
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Collective: returns the texts of all ranks on every rank, in the order of the ranks.
  public func allGather(_ text: String) throws(MPIError) -> [String] {
    var texts: [String] = []
    for root in 0..<ranks { texts.append(try broadcast(text, from: root)) }
    return texts
  }
}
