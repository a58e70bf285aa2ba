private import CCrypto

/// A SHA-256 of all bytes added so far.
@safe
public final class Fingerprint {
  private let context: OpaquePointer

  public init() {
    // A context takes a few hundred bytes; if they cannot be had, the program cannot continue.
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("the cryptographic library has no SHA-256")
    }
    unsafe self.context = context
  }

  public func add(_ bytes: UnsafeRawBufferPointer) {
    let added = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(added == 1, "a digest takes any bytes")
  }

  /// The digest of the bytes so far, as 64 hexadecimal digits.
  public var hexadecimal: String {
    var digest = [UInt8](repeating: 0, count: 32)
    guard let copy = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest") }
    defer { unsafe EVP_MD_CTX_free(copy) }
    let finished = unsafe EVP_MD_CTX_copy_ex(copy, context) == 1 && EVP_DigestFinal_ex(copy, &digest, nil) == 1
    precondition(finished, "a digest can be finished")
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  deinit { unsafe EVP_MD_CTX_free(context) }
}
