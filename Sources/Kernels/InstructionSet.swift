internal import CKernels

/// The vector instructions that loops and kernels of matrix products are compiled for.
public enum InstructionSet: CaseIterable, Sendable {
  /// Vectors of 16 bytes, which every processor of 64 bits has.
  case plain
  case avx2
  case avx512

  /// The widest that this processor has; what loops and products use.
  public static let best = allCases.last { $0.isSupported } ?? .plain

  /// Whether this processor has it.
  public var isSupported: Bool { instructions.rawValue <= widest_instruction_set().rawValue }

  var instructions: instruction_set {
    switch self {
    case .plain: instructions_plain
    case .avx2: instructions_avx2
    case .avx512: instructions_avx512
    }
  }
}
