/// The first bytes of a file, which distinguish a safetensors file from a file of another format, an empty file and a
/// truncated file.
///
/// The length of the header alone does not prove much, because any 8 bytes are a number. But the header must begin with
/// `{`, and no other common format has both a small number and that brace in these places.
enum SafetensorsPreamble {
  /// The number of bytes read from the beginning of a file: the header's length, and some more to recognise other
  /// formats.
  static let byteCount = 64
  /// The longest header that readers accept, as in the reference implementation.
  static let longestHeader = 100_000_000

  /// The number of bytes of the JSON header, which begins at byte 8.
  ///
  /// - Parameters:
  ///   - start: the first ``byteCount`` bytes, or all of a shorter file.
  ///   - fileSize: the number of bytes in the whole file.
  ///   - path: the file's path, for error messages.
  /// - Throws: ``SafetensorsError`` of kind `content` if the file is not a safetensors file or its header is truncated.
  static func headerCount(start: [UInt8], fileSize: Int, path: String) throws(SafetensorsError) -> Int {
    func wrong(_ problem: String, _ remedy: String) -> SafetensorsError {
      SafetensorsError(path: path, kind: .content, problem: problem, remedy: remedy)
    }
    guard fileSize > 0 else {
      throw wrong("is empty; the copy is incomplete", SafetensorsError.copyAgain)
    }
    guard start.count >= 8 else {
      throw wrong(
        "ends after \(fileSize) of the 8 bytes that hold the length of its header; the copy is incomplete",
        SafetensorsError.copyAgain)
    }
    let declared = start.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let hasBrace = start.count == 8 || start[8] == UInt8(ascii: "{")
    guard hasBrace, (2...UInt64(longestHeader)).contains(declared) else {
      if let format = foreignFormat(of: start) {
        throw wrong("is not a safetensors file: it \(format.finding)", format.remedy)
      }
      if !hasBrace {
        throw wrong(
          "is not a safetensors file: '{' should stand at byte 8, where the header begins, but byte \(start[8]) does",
          "give the path of a .safetensors file")
      }
      throw wrong(
        "is not a safetensors file: its header would have \(declared) bytes, outside 2...\(longestHeader)",
        "give the path of a .safetensors file")
    }
    let headerCount = Int(declared)
    guard 8 + headerCount <= fileSize else {
      throw wrong(
        "ends after \(fileSize) of at least \(8 + headerCount) bytes, inside its header; the copy is incomplete",
        SafetensorsError.copyAgain)
    }
    return headerCount
  }

  /// A format that is often given by mistake, and the first bytes of its files.
  private struct ForeignFormat {
    let magic: [UInt8]
    let finding: String
    let remedy: String

    init(_ magic: String, _ finding: String, _ remedy: String) {
      self.magic = Array(magic.utf8)
      self.finding = finding
      self.remedy = remedy
    }

    init(_ magic: [UInt8], _ finding: String, _ remedy: String) {
      self.magic = magic
      self.finding = finding
      self.remedy = remedy
    }
  }

  private static let foreignFormats = [
    ForeignFormat(
      "PK\u{3}\u{4}", "is a zip archive, the format of torch.save and numpy.savez",
      "convert it in Python with safetensors"),
    ForeignFormat([0x80, 2], "is a Python pickle, as of torch.save", "convert it in Python with safetensors"),
    ForeignFormat([0x93] + Array("NUMPY".utf8), "is a NumPy array", "convert it in Python with safetensors"),
    ForeignFormat([0x89] + Array("HDF".utf8), "is an HDF5 file", "convert it in Python with safetensors"),
    ForeignFormat("GGUF", "is a GGUF file", "give the safetensors file it was made from"),
    ForeignFormat([0x1f, 0x8b], "is compressed with gzip", "decompress it with gunzip"),
    ForeignFormat([0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd", "decompress it with unzstd"),
    ForeignFormat("version https://git-lfs", "is a Git LFS pointer, not the data", "fetch the data with git lfs pull"),
    ForeignFormat("<", "begins with '<' like a web page", "download the file itself, not the page about it"),
    ForeignFormat("{", "begins with '{' like a JSON text", "give the path of a .safetensors file"),
  ]

  private static func foreignFormat(of start: [UInt8]) -> ForeignFormat? {
    foreignFormats.first { start.starts(with: $0.magic) }
  }
}
