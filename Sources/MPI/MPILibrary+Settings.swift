private import CMPI

extension MPILibrary {
  /// Whether a waiting rank yields its core to others instead of keeping it busy; nil where the library does not say.
  ///
  /// This is the value of Open MPI's setting `mpi_yield_when_idle` in this process. mpirun turns it on when it knows of
  /// more ranks than slots. MPI must be initialised.
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
    // Large enough for any integer type that the library uses for the setting.
    var value: Int64 = 0
    guard count == 1, unsafe MPI_T_cvar_read(handle, &value) == MPI_SUCCESS else { return nil }
    return value != 0
  }
}
