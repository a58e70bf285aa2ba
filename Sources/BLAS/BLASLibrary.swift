private import CKernels

/// The OpenBLAS library of this process, opened by ``open()`` or by the first product that needs it.
public struct BLASLibrary: Sendable {
  /// Version and build options, for example `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …`.
  public let configuration: String
  /// The processor kernel that OpenBLAS chose, for example `SkylakeX`. Only the same kernel gives bitwise equal
  /// results.
  public let coreName: String
  /// The number of threads that OpenBLAS uses; fewer than requested where the library was built for fewer.
  public let threads: Int

  /// Sets the number of threads that one matrix product uses, in OpenBLAS and in the program's own kernels. One thread
  /// per rank is right when the ranks fill the cores.
  public static func setThreads(_ threads: Int) {
    OpenBLAS.setThreads(threads)
    matrix_kernel_set_threads(CInt(threads))
  }

  /// Opens OpenBLAS if it is not open yet. After that, products by OpenBLAS cannot fail.
  ///
  /// - Throws: ``BLASError`` that says what to install.
  @discardableResult public static func open() throws(BLASError) -> BLASLibrary {
    let library = try OpenBLAS.shared.get()
    return BLASLibrary(
      configuration: library.configuration, coreName: library.coreName, threads: library.threads)
  }

  /// Opens OpenBLAS and checks that it can factor matrices.
  ///
  /// - Throws: ``BLASError`` that says what to install.
  public static func openWithLAPACK() throws(BLASError) {
    guard try OpenBLAS.shared.get().hasLAPACK else {
      throw BLASError(
        "this OpenBLAS was built without LAPACK (ssyevd_, spotrf_), which optimizer.partition unit needs; install the "
          + "usual one (Debian: libopenblas0), load its module, or set optimizer.partition to weight")
    }
  }
}

/// The reason why OpenBLAS cannot be used.
public struct BLASError: Error, CustomStringConvertible, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
