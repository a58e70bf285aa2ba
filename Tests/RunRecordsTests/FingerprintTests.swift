import RunRecords
import Testing

struct FingerprintTests {
  private func fingerprint(_ parts: [String]) -> String {
    let hash = Fingerprint()
    for part in parts {
      let bytes = Array(part.utf8)
      unsafe bytes.withUnsafeBytes { unsafe hash.add($0) }
    }
    return hash.hexadecimal
  }

  @Test func `the fingerprints are those of FIPS 180-4's examples`() {
    #expect(fingerprint([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(fingerprint(["abc"]) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func `bytes may come in parts, and looking does not end it`() {
    let hash = Fingerprint()
    let bytes = Array("abc".utf8)
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe hash.add(UnsafeRawBufferPointer(rebasing: bytes[0..<1]))
      _ = hash.hexadecimal
      unsafe hash.add(UnsafeRawBufferPointer(rebasing: bytes[1...]))
    }
    #expect(hash.hexadecimal == fingerprint(["abc"]))
  }
}
