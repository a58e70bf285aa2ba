internal import CMPI
private import Glibc

/// Parts of a group of ranks, and what is done while one of them works and the others must not disturb it.
extension Communicator {
  /// Collective: a communicator of the ranks that give the same colour, in the order of their numbers here.
  ///
  /// - Parameter colour: not negative; nil for a rank that is to be in no part.
  /// - Returns: nil for a rank without a colour.
  public func part(colour: Int?) throws(MPIError) -> Communicator? {
    precondition(colour.map { $0 >= 0 } ?? true, "a colour must not be negative")
    var new: MPI_Comm? = unsafe cmpi_comm_null()
    // MPI 3.1, 6.4.2
    let code = unsafe MPI_Comm_split(handle, colour.map { CInt($0) } ?? cmpi_undefined(), CInt(rank), &new)
    try check(code, "MPI_Comm_split")
    guard colour != nil, let new = unsafe new else { return nil }
    return try unsafe Communicator(adopting: new)
  }

  /// Collective: returns when every rank has called it, and sleeps until then, up to 5 ms at a time.
  ///
  /// Where an ordinary barrier keeps a core busy, this one leaves it to the ranks that are waited for.
  public func barrierAsleep() throws(MPIError) {
    var request: MPI_Request? = unsafe cmpi_request_null()
    // MPI 3.1, 5.12.1
    try unsafe check(MPI_Ibarrier(handle, &request), "MPI_Ibarrier")
    var (isDone, microseconds): (CInt, UInt32) = (0, 50)
    while true {
      try unsafe check(MPI_Test(&request, &isDone, cmpi_status_ignore()), "MPI_Test")
      if isDone != 0 { return }
      usleep(microseconds)
      microseconds = min(2 * microseconds, 5000)
    }
  }

  /// Collective: replaces the values on every rank by the greatest ones of all ranks, in place.
  public func allReduceMax(_ values: inout [Double]) throws(MPIError) {
    guard ranks > 1, !values.isEmpty else { return }
    let count = CInt(values.count)
    try unsafe check(
      MPI_Allreduce(cmpi_in_place(), &values, count, cmpi_double(), cmpi_max(), handle), "MPI_Allreduce")
  }
}
