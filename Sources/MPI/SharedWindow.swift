internal import CMPI
private import Glibc

/// Zero-filled memory that all ranks of a machine read and write (MPI 3.1, 11.2.3), each at an address of its own.
///
/// What a rank wrote is there for the others after all of them have passed ``synchronize()``, a collective that waits for
/// all of them, such as a barrier or a sum, and ``synchronize()`` again (MPI 3.1, 11.4 and 11.5.4: the unified memory
/// model).
@safe
public final class SharedWindow {
  private var window: MPI_Win?
  /// The first byte.
  @unsafe public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Collective over the ranks of one machine, in a group of which all can share memory.
  init(byteCount: Int, on local: borrowing Communicator) throws(MPIError) {
    self.byteCount = byteCount
    var window = unsafe cmpi_win_null()
    // The first rank holds all of it, so that it is one run of memory.
    var own: UnsafeMutableRawPointer?
    try unsafe check(
      MPI_Win_allocate_shared(
        local.rank == 0 ? byteCount : 0, 1, cmpi_info_null(), local.handle, &own, &window),
      "MPI_Win_allocate_shared")
    // Without this the default handler would abort before a return code could be looked at.
    try unsafe check(MPI_Win_set_errhandler(window, cmpi_errors_return()), "MPI_Win_set_errhandler")
    var size: MPI_Aint = 0
    var unit: CInt = 0
    var first: UnsafeMutableRawPointer?
    try unsafe check(MPI_Win_shared_query(window, 0, &size, &unit, &first), "MPI_Win_shared_query")
    guard let first = unsafe first, size >= byteCount else {
      throw MPIError(operation: "MPI_Win_shared_query", code: -1, explanation: "the window has no memory")
    }
    // One epoch for the life of the window: its memory is read and written by plain loads and stores.
    try unsafe check(MPI_Win_lock_all(MPI_MODE_NOCHECK, window), "MPI_Win_lock_all")
    unsafe self.window = window
    unsafe base = first
    // The system hands out pages of zeros, but the standard does not say so. Every rank touches its share first, so that
    // the pages lie in the memory of all processors.
    let (start, end) = (byteCount * local.rank / local.ranks, byteCount * (local.rank + 1) / local.ranks)
    unsafe memset(first + start, 0, end - start)
    try synchronize()
    try local.barrier()
    try synchronize()
  }

  /// Makes what this rank wrote visible to the others before a collective that waits for all, and what they wrote visible
  /// to this rank after it.
  public func synchronize() throws(MPIError) { try unsafe check(MPI_Win_sync(window), "MPI_Win_sync") }

  /// Collective: waits for all ranks of the machine and takes the memory away.
  func free() throws(MPIError) {
    try unsafe check(MPI_Win_unlock_all(window), "MPI_Win_unlock_all")
    try unsafe check(MPI_Win_free(&window), "MPI_Win_free")
  }

  /// Whether the system has room for a window. Open MPI 4 lets the other ranks wait for ever where the first one cannot
  /// make the file behind it, and a file larger than its file system ends a process when it is touched.
  static func isRoom(for byteCount: Int) -> Bool {
    freeBytes.map { $0 >= bytesNeeded(for: byteCount) } ?? false
  }

  /// Where Open MPI keeps the file behind a window.
  public static var folder: String { Launcher.environment("OMPI_MCA_osc_sm_backing_directory") ?? "/dev/shm" }

  /// What ``folder`` must have free for a window: beside it the library keeps a page or two, and other programs need some
  /// too.
  public static func bytesNeeded(for byteCount: Int) -> Int { byteCount + byteCount / 4 + (1 << 20) }

  /// What ``folder`` has free; nil where there is no such folder.
  public static var freeBytes: Int? {
    var system = statvfs()
    guard unsafe statvfs(folder, &system) == 0 else { return nil }
    return Int(Double(system.f_bavail) * Double(system.f_frsize))
  }
}
