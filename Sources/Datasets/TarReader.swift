/// The entries of a tar archive, one after another, without their content.
///
/// Source: POSIX.1-1988 (ustar). Long names in GNU and pax extensions are ignored, because the needed files have short
/// names.
struct TarReader {
  /// A file in the archive.
  struct Entry {
    /// The last component of its path.
    let name: String
    let byteCount: Int
    /// The offset of its content in the uncompressed archive.
    let offset: Int
  }

  private static let blockCount = 512

  let reader: ByteReader
  /// The offset of the next header.
  private var next = 0

  init(_ reader: ByteReader) { self.reader = reader }

  /// The next entry; the reader is then at the beginning of its content. nil at the end of the archive.
  ///
  /// - Throws: `content` if a header is damaged, or the archive ends before its end mark.
  mutating func nextEntry() throws(DatasetError) -> Entry? {
    let step = next - reader.position
    guard try reader.skip(step) == step else { throw truncated() }
    let block = try reader.read(count: Self.blockCount)
    if block.isEmpty, next > 0 { return nil }
    guard block.count == Self.blockCount else {
      if next > 0 { throw truncated() }
      throw .content(reader.path, "is not a tar archive: it is too short", remedy: DatasetError.fetchAgain)
    }
    if block.allSatisfy({ $0 == 0 }), next > 0 { return nil }
    guard isHeader(block), let byteCount = number(block[124..<136]) else {
      guard next == 0 else {
        throw .content(
          reader.path, "has a damaged tar header at byte \(next)", remedy: DatasetError.replaceDamaged)
      }
      throw .content(reader.path, "is not a tar archive", remedy: "give the archive cifar-10-binary.tar.gz")
    }
    let offset = next + Self.blockCount
    // The next header begins at the next multiple of the block size.
    let (end, overflows) = offset.addingReportingOverflow((byteCount + 511) & ~511)
    guard !overflows, byteCount <= reader.largestCount - offset else { throw truncated() }
    next = end
    let path = block[..<100].prefix { $0 != 0 }
    let name = path.split(separator: UInt8(ascii: "/")).last ?? []
    // Type '0' and type zero are files; entries of all other types get no name.
    let isFile = block[156] == UInt8(ascii: "0") || block[156] == 0
    return Entry(name: isFile ? String(decoding: name, as: UTF8.self) : "", byteCount: byteCount, offset: offset)
  }

  private func truncated() -> DatasetError {
    .content(reader.path, "ends within the archive, after \(reader.position) bytes", remedy: DatasetError.fetchAgain)
  }

  /// Whether the checksum is right: the sum of all bytes, where the bytes of the checksum itself count as spaces.
  private func isHeader(_ block: [UInt8]) -> Bool {
    let sum = block.reduce(0) { $0 + Int($1) } - block[148..<156].reduce(0) { $0 + Int($1) } + 8 * 32
    return number(block[148..<156]) == sum
  }

  /// A number in octal digits or, for sizes of 8 GiB and more, in base 256 with the first bit set.
  private func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      guard first == 0x80, field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
      return field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    guard !digits.isEmpty, digits.allSatisfy({ (48...55).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
  }
}
