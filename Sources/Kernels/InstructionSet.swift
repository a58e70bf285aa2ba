internal import CKernels
private import Glibc

/// The sets of vector instructions for which loops and the kernels of matrix products are compiled.
public enum InstructionSet: CaseIterable, Sendable {
  /// Vectors of 16 bytes, which every 64-bit processor has.
  case plain
  case avx2
  case avx512

  /// The widest set that this processor has; loops and products use it.
  public static let best = allCases.last { $0.isSupported } ?? .plain

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

/// The library of mathematical functions that this process runs with.
public enum MathLibrary {
  /// Its name and version, for example `glibc 2.36`; the bits of exp, log and tanh may change with it.
  public static var version: String {
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count) > 0 else { return "unknown" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
