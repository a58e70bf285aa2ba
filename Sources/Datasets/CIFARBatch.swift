/// One file of CIFAR-10's binary version: records of a label and 3 × 32 × 32 bytes (channels, rows, columns).
///
/// Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
struct CIFARBatch {
  static let pixelCount = 3 * 32 * 32
  static let recordCount = 1 + pixelCount

  let rows: ByteRows
  let labels: [Int32]

  /// Reads a file; it is mapped unless it is compressed.
  init(file path: String) throws(DatasetError) {
    let reader = try ByteReader(path)
    guard !reader.isCompressed else {
      throw .content(path, "is compressed", remedy: "unpack it with gunzip")
    }
    try Self.check(byteCount: reader.inputCount, path: path)
    try self.init(reader.map(), offset: 0, byteCount: reader.inputCount, path: path)
  }

  /// Reads a file within a tar archive, at whose content the reader stands.
  ///
  /// Of a compressed archive the file is copied; of an archive that is not compressed it is a part of the map.
  init(_ entry: TarReader.Entry, in reader: ByteReader, map: ByteStorage?) throws(DatasetError) {
    let path = "\(reader.path) (\(entry.name))"
    try Self.check(byteCount: entry.byteCount, path: path)
    if let map {
      try self.init(map, offset: entry.offset, byteCount: entry.byteCount, path: path)
    } else {
      let storage = try unsafe ByteStorage(count: entry.byteCount, for: path) { buffer throws(DatasetError) in
        let given = try unsafe reader.read(into: buffer)
        guard given == buffer.count else { throw .truncated(path, after: given, of: buffer.count) }
      }
      try self.init(storage, offset: 0, byteCount: entry.byteCount, path: path)
    }
  }

  /// The records in `byteCount` bytes of a storage from `offset` on.
  private init(_ storage: ByteStorage, offset: Int, byteCount: Int, path: String) throws(DatasetError) {
    let count = byteCount / Self.recordCount
    labels = (0..<count).map { Int32(storage[offset + $0 * Self.recordCount]) }
    if let sample = labels.firstIndex(where: { $0 > 9 }) {
      throw .content(
        path, sample: sample, "the label is \(labels[sample]), but the classes are 0 to 9",
        remedy: "the file is damaged or not CIFAR-10's binary version: fetch cifar-10-binary.tar.gz")
    }
    rows = ByteRows(
      storage, offset: offset + 1, stride: Self.recordCount, columns: Self.pixelCount, count: count)
  }

  private static func check(byteCount: Int, path: String) throws(DatasetError) {
    guard byteCount > 0 else {
      throw .content(path, "holds no samples", remedy: DatasetError.fetchAgain)
    }
    let whole = (byteCount + recordCount - 1) / recordCount * recordCount
    guard byteCount == whole else {
      throw .content(
        path, "ends after \(byteCount) of \(whole) bytes, within a record of \(recordCount)",
        remedy: DatasetError.fetchAgain)
    }
  }
}
