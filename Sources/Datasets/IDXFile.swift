/// A file in the IDX format of MNIST: a magic number, the dimensions, the values, row-major.
///
/// The header is 0, 0, the type of the values, the number of dimensions, and each dimension as a big-endian 32-bit
/// number. Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.
struct IDXFile {
  /// What a file is expected to contain.
  enum Content: String {
    /// [samples × rows × columns].
    case images
    /// [samples], or QMNIST's [samples × 8] of 32-bit integers, whose first column is the class.
    case labels
  }

  let path: String
  let type: IDXType
  /// The number of items comes first.
  let dimensions: [Int]
  /// The whole file, or only its values.
  let storage: ByteStorage
  /// The offset of the values in ``storage``.
  let offset: Int

  /// Reads a file, compressed or not; an uncompressed file is mapped.
  ///
  /// - Throws: `missing` if the file cannot be read; `content` if it is not such a file, or if its length differs from
  ///   the length in its header.
  init(_ path: String, holding content: Content) throws(DatasetError) {
    let reader = try ByteReader(path)
    self.path = path
    (type, dimensions) = try Self.header(of: reader, content)
    let headerCount = reader.position

    guard let valueCount = product(dimensions + [type.width]), valueCount < Int.max - headerCount else {
      let sizes = dimensions.map(String.init).joined(separator: " × ")
      throw .content(
        path, "promises \(sizes) values, more than any file holds", remedy: DatasetError.replaceDamaged)
    }
    guard valueCount > 0 else {
      throw .content(path, "holds no samples", remedy: "give a file with at least one sample")
    }
    guard dimensions[0] <= Int(Int32.max) else {
      throw .content(path, "holds more than \(Int32.max) samples", remedy: "give fewer samples")
    }
    // Requests no more memory than the file can fill.
    let wholeCount = headerCount + valueCount
    guard wholeCount <= reader.largestCount else {
      let content = reader.isCompressed ? " at most" : ""
      throw .content(
        path, "promises \(wholeCount) bytes in its header but holds\(content) \(reader.largestCount)",
        remedy: DatasetError.fetchAgain)
    }
    if reader.isCompressed {
      storage = try unsafe ByteStorage(count: valueCount, for: path) { buffer throws(DatasetError) in
        let given = try unsafe reader.read(into: buffer)
        guard given == valueCount else {
          throw .truncated(path, after: headerCount + given, of: wholeCount, unit: "uncompressed bytes")
        }
      }
      offset = 0
      // Reading to the end also verifies the checksum.
      guard try reader.read(count: 1).isEmpty else { throw Self.tooLong(path, expected: wholeCount) }
    } else {
      guard reader.inputCount == wholeCount else { throw Self.tooLong(path, expected: wholeCount) }
      storage = try reader.map()
      offset = headerCount
    }
  }

  /// All values, row-major.
  ///
  /// - Throws: `content` naming the sample, if a value is not a finite number.
  func values() throws(DatasetError) -> [Double] {
    let (count, width) = (dimensions.reduce(1, *), type.width)
    let values = unsafe storage.withBytes(offset..<offset + count * width) { bytes in
      let raw = UnsafeRawBufferPointer(bytes)
      return (0..<count).map { unsafe type.value(raw, at: $0 * width) }
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw .content(
        path, sample: place / (count / dimensions[0]), "a value is \(values[place]), which is not a finite number",
        remedy: "replace it, or remove the sample")
    }
    return values
  }

  private static func header(of reader: ByteReader, _ content: Content) throws(DatasetError) -> (IDXType, [Int]) {
    let path = reader.path
    let magic = try reader.read(count: 4)
    guard magic.count == 4, magic[0] == 0, magic[1] == 0 else {
      throw .content(
        path, "is not an IDX file: \(opening(magic))", remedy: "fetch the original file of the data set")
    }
    guard let type = IDXType(rawValue: magic[2]) else {
      throw .content(
        path, "holds values of IDX type \(magic[2]), which the format does not have",
        remedy: "fetch the original file of the data set")
    }
    let rank = Int(magic[3])
    guard content == .images ? rank == 3 : (1...2).contains(rank) else {
      throw .content(
        path,
        "has \(rank == 1 ? "1 dimension" : "\(rank) dimensions"), not the \(content == .images ? 3 : 1) of "
          + content.rawValue, remedy: "check that images and labels are not exchanged")
    }
    let sizes = try reader.read(count: 4 * rank)
    guard sizes.count == 4 * rank else {
      throw .truncated(path, after: 4 + sizes.count, of: 4 + 4 * rank, unit: "bytes of its header")
    }
    let dimensions = (0..<rank).map { index in
      sizes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard content == .images || rank == 1 || (type == .int32 && dimensions[1] == 8) else {
      throw .content(
        path,
        "holds \(dimensions[0]) × \(dimensions[1]) \(type.name), neither one label for each sample nor QMNIST's 8 "
          + "32-bit integers", remedy: "give a file with one label for each sample")
    }
    return (type, dimensions)
  }

  private static func opening(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "it is empty" }
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return "it starts with \(digits.joined(separator: " ")), not 00 00"
  }

  private static func tooLong(_ path: String, expected: Int) -> DatasetError {
    .content(
      path, "goes on after the \(expected) bytes its header promises", remedy: DatasetError.replaceDamaged)
  }
}

/// The product of the factors, or nil if it is too large.
private func product(_ factors: [Int]) -> Int? {
  // A later zero would make an earlier overflow harmless.
  if factors.contains(0) { return 0 }
  var product = 1
  for factor in factors {
    let (next, overflows) = product.multipliedReportingOverflow(by: factor)
    if overflows { return nil }
    product = next
  }
  return product
}

/// The types of the values in an IDX file, by their numbers in its header.
///
/// Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.
enum IDXType: UInt8 {
  case uint8 = 8
  case int8 = 9
  case int16 = 11
  case int32 = 12
  case float = 13
  case double = 14

  /// The number of bytes of a value.
  var width: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16: 2
    case .int32, .float: 4
    case .double: 8
    }
  }

  var name: String {
    switch self {
    case .uint8: "unsigned bytes"
    case .int8: "signed bytes"
    case .int16: "16-bit integers"
    case .int32: "32-bit integers"
    case .float: "32-bit floats"
    case .double: "64-bit floats"
    }
  }

  /// The value that begins at a byte, with the high byte first.
  @inline(__always)
  func value(_ bytes: UnsafeRawBufferPointer, at byte: Int) -> Double {
    // Each load checks that the value lies within the bytes.
    switch self {
    case .uint8: Double(unsafe bytes[byte])
    case .int8: Double(Int8(bitPattern: unsafe bytes[byte]))
    case .int16: Double(Int16(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: Int16.self)))
    case .int32: Double(Int32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: Int32.self)))
    case .float:
      Double(
        Float(bitPattern: UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: UInt32.self))))
    case .double:
      Double(bitPattern: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self)))
    }
  }
}
