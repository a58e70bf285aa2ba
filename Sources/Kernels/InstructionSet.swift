private import CKernels

/// The vector instructions that a kernel of matrix products is made of.
public enum InstructionSet: CaseIterable, Sendable {
  /// Vectors of 16 bytes, which every processor of 64 bits has.
  case plain
  case avx2
  case avx512

  /// The widest that this processor has; what products use.
  public static let best = allCases.last { $0.isSupported } ?? .plain

  /// Whether this processor has it.
  public var isSupported: Bool { level <= matrix_kernel_best() }

  var level: CInt {
    switch self {
    case .plain: CInt(MATRIX_KERNEL_PLAIN)
    case .avx2: CInt(MATRIX_KERNEL_AVX2)
    case .avx512: CInt(MATRIX_KERNEL_AVX512)
    }
  }
}
