package import BLAS
internal import Configurations
private import Kernels
internal import MPI
private import RunRecords

extension Communicator {
  /// Checks that all ranks compute a training bit for bit alike: with the same kernels of the program, the same
  /// mathematical functions and, where the training uses OpenBLAS, the same library with the same kernels. Collective.
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

/// The software and instructions, beside configuration and data, that determine the bits of a training.
package enum Platform {
  /// The instruction set that the program's own kernels use.
  package static var instructions: String { "\(InstructionSet.best)" }

  /// The library of mathematical functions, for example `glibc 2.36`.
  package static var mathLibrary: String { MathLibrary.version }

  /// - Parameter blas: nil for a training that uses only the program's own kernels.
  static func description(with blas: BLASLibrary?) -> String {
    (blas.map { "\($0.configuration) with \($0.coreName) kernels, " } ?? "")
      + "own kernels for \(instructions), \(mathLibrary)"
  }
}

/// The library that multiplies matrices in a training: in most trainings only the program's own kernels.
extension Configuration {
  /// Whether a training also multiplies with OpenBLAS: its bits then depend on the OpenBLAS in use.
  package var usesBLAS: Bool { training.gradient == .layerTargets || factorsMatrices }

  /// Whether it also needs LAPACK: where the curvature of its network, or of a student, is by unit.
  private var factorsMatrices: Bool { optimizer.isByUnit || (reweight?.levels == 3 && ofStudent.optimizer.isByUnit) }

  /// Sets the number of threads for matrix products, and opens OpenBLAS where the training needs it.
  ///
  /// - Throws: `BLASError` where OpenBLAS cannot be opened.
  package func prepareProducts() throws(BLASError) {
    BLASLibrary.setThreads(training.threads)
    if usesBLAS { try BLASLibrary.open() }
    if factorsMatrices { try BLASLibrary.openWithLAPACK() }
  }

  /// The OpenBLAS of this process; nil where the training does not need it.
  package var blas: BLASLibrary? { usesBLAS ? try? BLASLibrary.open() : nil }
}
