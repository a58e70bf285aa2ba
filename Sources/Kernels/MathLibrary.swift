private import Glibc

/// The library of mathematical functions that this process runs with.
public enum MathLibrary {
  /// Its name and version, for example `glibc 2.36`; the bits of exp, log and tanh may change with it.
  public static var version: String {
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count) > 0 else { return "unknown" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
