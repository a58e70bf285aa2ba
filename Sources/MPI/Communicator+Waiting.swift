internal import CMPI
private import Glibc

/// Operations for times when some ranks work and the waiting ranks must not disturb them.
extension Communicator {
  /// Collective: returns when every rank has called it, and sleeps until then, up to 5 ms at a time.
  ///
  /// An ordinary barrier keeps the core busy; this one leaves the core to the ranks that still work.
  public func barrierAsleep() throws(MPIError) {
    var request: MPI_Request? = unsafe cmpi_request_null()
    // MPI 3.1, 5.12.1
    try unsafe check(MPI_Ibarrier(handle, &request), "MPI_Ibarrier")
    try unsafe check(Self.sleep(until: &request), "MPI_Ibarrier")
  }

  /// For a thread that watches ``MPICall``, this is one long call, not many short ones.
  private static func sleep(until request: inout MPI_Request?) -> CInt {
    var (isDone, microseconds): (CInt, UInt32) = (0, 50)
    while true {
      let code = unsafe MPI_Test(&request, &isDone, cmpi_status_ignore())
      if code != MPI_SUCCESS || isDone != 0 { return code }
      usleep(microseconds)
      microseconds = min(2 * microseconds, 5000)
    }
  }

  /// Collective: replaces each value on every rank by its maximum over the ranks, in place.
  public func allReduceMax(_ values: inout [Double]) throws(MPIError) {
    guard ranks > 1, !values.isEmpty else { return }
    let count = CInt(values.count)
    try unsafe check(
      MPI_Allreduce(cmpi_in_place(), &values, count, cmpi_double(), cmpi_max(), handle), "MPI_Allreduce")
  }
}
