internal import BLAS
internal import CVectorMath
internal import Foundation
internal import MPI

/// OpenBLAS chooses the kernels for the processor when it is loaded. A processor that is newer than the library it takes
/// for an older one: for one of 2004 (Prescott), which costs a factor of seven, or for one without AVX-512 (Haswell, Zen),
/// which costs up to a factor of 1.6.
enum ProcessorKernel {
  private static let variable = "OPENBLAS_CORETYPE"

  /// Starts the program anew, in the same process, with the name of a kernel that fits the processor, where OpenBLAS did
  /// not find one and the user did not name one. Must be called before MPI is initialised, on a processor with AVX2, which no
  /// Prescott has; does nothing if it fails.
  static func choose() {
    guard Launcher.environment(variable) == nil, let kernel = betterKernel,
      let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    else { return }
    unsafe setenv(variable, kernel, 1)
    unsafe execv(program, CommandLine.unsafeArgv)
    unsafe unsetenv(variable)
  }

  /// The kernel that fits the processor better than the one that OpenBLAS chose; nil where it chose well.
  private static var betterKernel: String? {
    let hasAVX512 = vector_math_processor_has_avx512() != 0
    return switch BLASLibrary.coreName {
    case "Prescott": hasAVX512 ? "SkylakeX" : "Haswell"
    case "Haswell", "Zen": hasAVX512 ? "SkylakeX" : nil
    default: nil
    }
  }
}
