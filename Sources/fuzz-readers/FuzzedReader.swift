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
