internal import CKernels
private import Glibc

/// The sets of vector instructions for which loops and the kernels of matrix products are compiled.
public enum InstructionSet: CaseIterable, Sendable {
  /// Vectors of 16 bytes, which every 64-bit processor has.
  case plain
  case avx2
  case avx512

  /// The widest set that this processor has; loops and products use it, except in ``withPlainInstructions(_:)``.
  public static var best: InstructionSet {
    switch widest_instruction_set() {
    case instructions_avx512: .avx512
    case instructions_avx2: .avx2
    default: .plain
    }
  }

  /// Whether this processor has the instructions.
  public var isSupported: Bool { instructions.rawValue <= widest_instruction_set().rawValue }

  var instructions: instruction_set {
    switch self {
    case .plain: instructions_plain
    case .avx2: instructions_avx2
    case .avx512: instructions_avx512
    }
  }
}

/// Calls `body`, in which loops and products of this thread have the same bits on every processor of one architecture.
public func withPlainInstructions<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
  take_plain_instructions(1)
  defer { take_plain_instructions(0) }
  try body()
}

/// The library of mathematical functions that this process runs with.
public enum MathLibrary {
  /// Its name and version, for example `glibc 2.36`; the bits of exp, log and tanh may change with it.
  public static var version: String {
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count) > 0 else { return "unknown" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
