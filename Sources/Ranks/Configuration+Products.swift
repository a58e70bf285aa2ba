package import BLAS
internal import Configurations

/// What multiplies matrices in a training: the program's own kernels, for most of them alone.
extension Configuration {
  /// Whether a training also multiplies by OpenBLAS: its bits then depend on which one there is.
  package var usesBLAS: Bool { training.gradient == .layerTargets }

  /// Sets the threads of products, and opens OpenBLAS where the training needs it.
  ///
  /// - Throws: `BLASError` where it cannot be opened.
  package func prepareProducts() throws(BLASError) {
    BLASLibrary.setThreads(training.threads)
    if usesBLAS { try BLASLibrary.open() }
  }

  /// The OpenBLAS of this process; nil where the training does not need it.
  package var blas: BLASLibrary? { usesBLAS ? try? BLASLibrary.open() : nil }
}
