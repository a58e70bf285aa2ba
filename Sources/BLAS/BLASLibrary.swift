private import CKernels

/// OpenBLAS, as this process has it: opened by ``open()`` or by the first product that needs it.
public struct BLASLibrary: Sendable {
  /// Version and build options, for example `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …`.
  public let configuration: String
  /// The processor kernel that it chose, for example `SkylakeX`; results are bitwise equal only for the same one.
  public let coreName: String
  /// The threads that it uses; it may have been built for fewer than it was told to use.
  public let threads: Int

  /// Sets the number of threads that one matrix product uses, by OpenBLAS or by the program's own kernels. One for each
  /// rank is right when ranks fill the cores.
  public static func setThreads(_ threads: Int) {
    OpenBLAS.setThreads(threads)
    matrix_kernel_set_threads(CInt(threads))
  }

  /// Opens OpenBLAS where it is not open yet: products by it cannot fail then.
  ///
  /// - Throws: ``BLASError`` that says what to install.
  @discardableResult public static func open() throws(BLASError) -> BLASLibrary {
    let library = try OpenBLAS.shared.get()
    return BLASLibrary(
      configuration: library.configuration, coreName: library.coreName, threads: library.threads)
  }
}

/// Why there is no OpenBLAS.
public struct BLASError: Error, CustomStringConvertible, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
