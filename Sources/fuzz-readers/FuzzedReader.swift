/// A reader of files that may hold anything, with right files to make wrong ones of.
struct FuzzedReader {
  /// One of the files that the reader needs.
  struct File {
    let name: String
    let bytes: [UInt8]
    /// Makes the file of `bytes`, with the sums and lengths that belong to them; without it they are the file.
    var wrap: (([UInt8]) -> [UInt8])?
  }

  let name: String
  let files: [File]
  /// Words for ``Mutator``.
  var words: [String] = []
  /// The most bytes of content for each byte of a file.
  var expansion = 1
  /// Reads the files of a folder; throws where they are wrong.
  let read: (_ folder: String) throws -> Void
}

/// `bytes` as gzip data of one stored block, with its sums.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  let count = min(bytes.count, 0xffff)
  var sum: UInt32 = ~0
  for byte in bytes[..<count] {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
  }
  func little(_ value: UInt32, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1] + little(UInt32(count), 2) + little(~UInt32(count), 2)
    + bytes[..<count]
    + little(~sum, 4) + little(UInt32(count), 4)
}

/// A tar archive of one file after another.
func tar(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
  files.flatMap { file in
    var header = [UInt8](repeating: 0, count: 512)
    func write(_ text: String, at place: Int) {
      for (offset, byte) in text.utf8.enumerated() { header[place + offset] = byte }
    }
    let size = String(file.bytes.count, radix: 8)
    write(file.name, at: 0)
    write("0000644", at: 100)
    write(String(repeating: "0", count: 11 - size.count) + size, at: 124)
    write("0", at: 156)
    write("ustar", at: 257)
    return header + file.bytes + [UInt8](repeating: 0, count: (512 - file.bytes.count % 512) % 512)
  } + [UInt8](repeating: 0, count: 1024)
}

/// The archive with the right sum in every header, so that what else is wrong with them is looked at.
func withHeaderSums(_ archive: [UInt8]) -> [UInt8] {
  var archive = archive
  for start in stride(from: 0, to: archive.count - 511, by: 512)
  where archive[start + 257..<start + 262].elementsEqual("ustar".utf8) {
    for place in start + 148..<start + 156 { archive[place] = 0x20 }
    let sum = archive[start..<start + 512].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    for (offset, byte) in (String(repeating: "0", count: 6 - digits.count) + digits + "\0 ").utf8.enumerated() {
      archive[start + 148 + offset] = byte
    }
  }
  return archive
}

/// A safetensors file with a header and numbers after it.
func safetensors(_ header: [UInt8], data: [UInt8]) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
}
