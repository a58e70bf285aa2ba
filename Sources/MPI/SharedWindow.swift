internal import CMPI
private import Glibc

/// Zero-filled memory that all ranks of a machine read and write (MPI 3.1, 11.2.3), each at an address of its own.
///
/// What one rank writes is visible to the others after all ranks have called, in this order, ``synchronize()``, a
/// collective that waits for all ranks (such as a barrier or a sum), and ``synchronize()`` again (MPI 3.1, 11.4 and
/// 11.5.4: the unified memory model).
@safe
public final class SharedWindow {
  private var window: MPI_Win?
  /// The first byte.
  @unsafe public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Collective over a group of ranks of one machine that can all share memory.
  init(byteCount: Int, on local: borrowing Communicator) throws(MPIError) {
    self.byteCount = byteCount
    var window = unsafe cmpi_win_null()
    // The first rank allocates all of the memory, so that it is contiguous.
    var own: UnsafeMutableRawPointer?
    try unsafe check(
      MPI_Win_allocate_shared(
        local.rank == 0 ? byteCount : 0, 1, cmpi_info_null(), local.handle, &own, &window),
      "MPI_Win_allocate_shared")
    // Without this, the default handler would abort before the program could check a return code.
    try unsafe check(MPI_Win_set_errhandler(window, cmpi_errors_return()), "MPI_Win_set_errhandler")
    var size: MPI_Aint = 0
    var unit: CInt = 0
    var first: UnsafeMutableRawPointer?
    try unsafe check(MPI_Win_shared_query(window, 0, &size, &unit, &first), "MPI_Win_shared_query")
    guard let first = unsafe first, size >= byteCount else {
      throw MPIError(operation: "MPI_Win_shared_query", code: -1, explanation: "the window has no memory")
    }
    // One access epoch lasts for the life of the window: ranks read and write the memory by plain loads and stores.
    try unsafe check(MPI_Win_lock_all(MPI_MODE_NOCHECK, window), "MPI_Win_lock_all")
    unsafe self.window = window
    unsafe base = first
    // The operating system hands out pages of zeros, but the MPI standard does not promise zeros. Each rank is the
    // first to touch its share, so that the pages are spread over the memory of all processors.
    let (start, end) = (byteCount * local.rank / local.ranks, byteCount * (local.rank + 1) / local.ranks)
    unsafe memset(first + start, 0, end - start)
    try synchronize()
    try local.barrier()
    try synchronize()
  }

  /// Before a collective that waits for all ranks, makes this rank's writes visible to the others. After the
  /// collective, makes the others' writes visible to this rank.
  public func synchronize() throws(MPIError) { try unsafe check(MPI_Win_sync(window), "MPI_Win_sync") }

  /// Collective: waits for all ranks of the machine and frees the memory.
  func free() throws(MPIError) {
    try unsafe check(MPI_Win_unlock_all(window), "MPI_Win_unlock_all")
    try unsafe check(MPI_Win_free(&window), "MPI_Win_free")
  }

  /// Whether the system has room for a window. If the first rank cannot create the file behind the window, Open MPI 4
  /// lets the other ranks wait for ever. If the file is larger than its file system, a process that touches it is
  /// killed.
  static func isRoom(for byteCount: Int) -> Bool {
    freeBytes.map { $0 >= bytesNeeded(for: byteCount) } ?? false
  }

  /// Where Open MPI keeps the file behind a window.
  public static var folder: String { Launcher.environment("OMPI_MCA_osc_sm_backing_directory") ?? "/dev/shm" }

  /// The bytes that must be free in ``folder`` for a window. Besides the window, the library needs a page or two, and
  /// other programs need some space too.
  public static func bytesNeeded(for byteCount: Int) -> Int { byteCount + byteCount / 4 + (1 << 20) }

  /// The number of free bytes in ``folder``; nil where there is no such folder.
  public static var freeBytes: Int? {
    var system = statvfs()
    guard unsafe statvfs(folder, &system) == 0 else { return nil }
    return Int(Double(system.f_bavail) * Double(system.f_frsize))
  }
}
