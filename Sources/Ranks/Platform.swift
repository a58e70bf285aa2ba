package import BLAS
internal import Configurations
private import Kernels
internal import MPI
private import RunRecords

extension Communicator {
  /// Makes sure that all ranks compute a training with the same bits: by the same own kernels and mathematical functions
  /// and, where it multiplies by OpenBLAS, the same one with the same kernels. Collective.
  ///
  /// - Throws: `AgreedFailure` on every rank, naming the first rank that differs from rank 0, and its host.
  func requireSamePlatform(for configuration: Configuration) throws {
    let blas = configuration.blas
    let all = try allGather(Platform.description(with: blas))
    guard let other = all.indices.first(where: { all[$0] != all[0] }) else { return }
    let hosts = try allGather(MPILibrary.processorName)
    throw AgreedFailure(
      code: ExitCode.usage,
      message: "training.reproducible needs ranks that compute alike, but rank \(other) on \(hosts[other]) has "
        + "\(all[other]), and rank 0 on \(hosts[0]) has \(all[0]); use hosts with the same processors and libraries, "
        + (blas == nil ? "" : "set OPENBLAS_CORETYPE alike on all of them where only the BLAS kernels differ, ")
        + "or set training.reproducible to false")
  }
}

/// What the bits of a training depend on besides its configuration and data.
package enum Platform {
  /// The instructions that the own kernels are made of.
  package static var instructions: String { "\(InstructionSet.best)" }

  /// The library of mathematical functions, for example `glibc 2.36`.
  package static var mathLibrary: String { MathLibrary.version }

  /// - Parameter blas: nil for a training that multiplies by its own kernels alone.
  static func description(with blas: BLASLibrary?) -> String {
    (blas.map { "\($0.configuration) with \($0.coreName) kernels, " } ?? "")
      + "own kernels for \(instructions), \(mathLibrary)"
  }
}

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
