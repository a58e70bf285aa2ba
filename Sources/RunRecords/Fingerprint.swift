private import Crypto

/// A SHA-256 that grows with the bytes given to it.
public struct Fingerprint {
  private var hash = SHA256()

  public init() {}

  public mutating func add(_ bytes: UnsafeRawBufferPointer) { unsafe hash.update(bufferPointer: bytes) }

  /// 64 hexadecimal digits.
  public var hexadecimal: String {
    hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
