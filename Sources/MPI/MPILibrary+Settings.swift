private import CMPI
internal import Synchronization

/// 0 for sums that go whole.
private let presentPieceBytes = Atomic<Int>(0)

extension MPILibrary {
  /// In pieces of how many bytes this process adds vectors up over ranks, one after another, on one machine or several; nil:
  /// whole. The same on all ranks of a group that adds up.
  ///
  /// Large messages in both directions of one TCP connection hold each other up in Open MPI: their announcements wait behind
  /// the other's bytes. Pieces of 64 KiB need none.
  public static var pieceBytes: Int? {
    get {
      let bytes = presentPieceBytes.load(ordering: .relaxed)
      return bytes == 0 ? nil : bytes
    }
    set {
      precondition(newValue.map { $0 > 0 } ?? true, "a piece has bytes")
      presentPieceBytes.store(newValue ?? 0, ordering: .relaxed)
    }
  }

  /// Whether a rank that waits leaves its core to others, and does not keep it busy; nil where the library does not tell.
  ///
  /// Open MPI's setting `mpi_yield_when_idle`, in effect for this process: mpirun turns it on where it knows of more ranks
  /// than slots. MPI must be initialised.
  public static var yieldsWhenIdle: Bool? {
    var provided: CInt = 0
    // MPI 3.1, 14.3
    guard unsafe MPI_T_init_thread(CInt(MPI_THREAD_SINGLE), &provided) == MPI_SUCCESS else { return nil }
    defer { MPI_T_finalize() }
    var index: CInt = 0
    guard unsafe MPI_T_cvar_get_index("mpi_yield_when_idle", &index) == MPI_SUCCESS else { return nil }
    var handle: MPI_T_cvar_handle?
    var count: CInt = 0
    guard unsafe MPI_T_cvar_handle_alloc(index, nil, &handle, &count) == MPI_SUCCESS else { return nil }
    defer { unsafe MPI_T_cvar_handle_free(&handle) }
    // Room for whichever whole number the library has it as.
    var value: Int64 = 0
    guard count == 1, unsafe MPI_T_cvar_read(handle, &value) == MPI_SUCCESS else { return nil }
    return value != 0
  }
}
