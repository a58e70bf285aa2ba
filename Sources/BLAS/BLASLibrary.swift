private import CMatrixKernels
private import COpenBLAS

/// The BLAS library this process runs with.
public enum BLASLibrary {
  /// Sets the number of threads that one matrix product uses, by the library or by the program's own kernels. One for
  /// each rank is right when ranks fill the cores.
  public static func setThreads(_ threads: Int) {
    openblas_set_num_threads(CInt(threads))
    matrix_kernel_set_threads(CInt(threads))
  }

  /// The threads that OpenBLAS uses now; it may have been built for fewer than it was told to use.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The processor kernel that OpenBLAS chose, for example `SkylakeX`; results are bitwise equal only for the same one.
  public static var coreName: String { unsafe String(cString: openblas_get_corename()) }

  /// Version and build options, for example `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …`.
  public static var configuration: String {
    var text = unsafe String(cString: openblas_get_config())
    while text.last == " " { text.removeLast() }
    return text
  }
}
