internal import BLAS
internal import CVectorMath
internal import Foundation
internal import MPI

/// OpenBLAS chooses the kernels for the processor when it is loaded. A processor that is newer than the library it takes
/// for one of 2004 (Prescott), which costs a factor of seven.
enum ProcessorKernel {
  private static let variable = "OPENBLAS_CORETYPE"

  /// Starts the program anew, in the same process, with the name of a kernel that fits the processor, where OpenBLAS did
  /// not find one and the user did not name one. Must be called before MPI is initialised, on a processor with AVX2, which no
  /// Prescott has; does nothing if it fails.
  static func choose() {
    guard BLASLibrary.coreName == "Prescott", Launcher.environment(variable) == nil,
      let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    else { return }
    unsafe setenv(variable, vector_math_processor_has_avx512() != 0 ? "SkylakeX" : "Haswell", 1)
    unsafe execv(program, CommandLine.unsafeArgv)
    unsafe unsetenv(variable)
  }
}
