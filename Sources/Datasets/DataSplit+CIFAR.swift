extension DataSplit {
  /// Reads CIFAR-10's binary version.
  ///
  /// - Parameter path: a directory with `test_batch.bin` and at least one of `data_batch_1.bin` … `data_batch_5.bin`;
  ///   or a directory with these files in `cifar-10-batches-bin`, or with one archive `cifar-10-binary….tar.gz`; or
  ///   such an archive, compressed or not. Uncompressed files are mapped.
  /// - Throws: ``DatasetError``: `missing` if the path or a file is missing, `content` if a file is damaged or a label
  ///   is above 9.
  public static func cifar10(path: String) throws(DatasetError) -> DataSplit {
    switch try SystemFile.sort(of: path) {
    case .file, .stream: return try cifar10(archive: path)
    case .directory: break
    case .nothing:
      throw .missing(
        path, "does not exist", remedy: "give the directory cifar-10-batches-bin or the archive cifar-10-binary.tar.gz")
    }
    for directory in [path, path + "/cifar-10-batches-bin"] {
      let names = try SystemFile.names(in: directory)
      let training = CIFARNames.training.filter(names.contains)
      guard !training.isEmpty || names.contains(CIFARNames.test) else { continue }
      var batches: [String: CIFARBatch] = [:]
      for name in training { batches[name] = try CIFARBatch(file: directory + "/" + name) }
      if names.contains(CIFARNames.test) {
        batches[CIFARNames.test] = try CIFARBatch(file: directory + "/" + CIFARNames.test)
      }
      return try cifar10(batches, source: directory)
    }
    let names = try SystemFile.names(in: path)
    let archives = names.filter { name in
      name.hasPrefix("cifar-10-binary") && [".tar.gz", ".tgz", ".tar"].contains { name.hasSuffix($0) }
    }
    if archives.count == 1 { return try cifar10(archive: path + "/" + archives[0]) }
    let isPython = names.contains("data_batch_1") || names.contains("cifar-10-batches-py")
    throw .missing(
      path, isPython ? "holds CIFAR-10's Python version, not the binary one" : "holds no data_batch_1.bin",
      remedy: "unpack cifar-10-binary.tar.gz there")
  }

  private static func cifar10(archive path: String) throws(DatasetError) -> DataSplit {
    let reader = try ByteReader(path)
    guard reader.inputCount > 0 else {
      throw .content(path, "is empty", remedy: DatasetError.fetchAgain)
    }
    let map = reader.isCompressed ? nil : try reader.map()
    var entries = TarReader(reader)
    var batches: [String: CIFARBatch] = [:]
    while let entry = try entries.nextEntry() {
      guard entry.name == CIFARNames.test || CIFARNames.training.contains(entry.name) else { continue }
      batches[entry.name] = try CIFARBatch(entry, in: reader, map: map)
    }
    // The checksum of compressed data comes at their end.
    while try reader.skip(1 << 20) > 0 {}
    return try cifar10(batches, source: path)
  }

  private static func cifar10(_ batches: [String: CIFARBatch], source: String) throws(DatasetError) -> DataSplit {
    let training = CIFARNames.training.compactMap { batches[$0] }
    guard !training.isEmpty, let test = batches[CIFARNames.test] else {
      let absent = training.isEmpty ? CIFARNames.training[0] : CIFARNames.test
      throw .missing(source, "holds no \(absent)", remedy: "fetch and unpack cifar-10-binary.tar.gz again")
    }
    func dataset(_ batches: [CIFARBatch]) -> Dataset {
      Dataset(
        source: source, shape: [3, 32, 32], samples: .bytes(batches.map(\.rows)),
        targets: .classes(batches.flatMap(\.labels), names: CIFARNames.classes))
    }
    return DataSplit(training: dataset(training).all, test: dataset([test]).all)
  }
}

/// The names of CIFAR-10's files and, as in `batches.meta.txt`, of its classes.
private enum CIFARNames {
  static let training = (1...5).map { "data_batch_\($0).bin" }
  static let test = "test_batch.bin"
  static let classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
}

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

  /// Reads a file in a tar archive; the reader must be at the content of the file.
  ///
  /// The content is copied from a compressed archive; in an uncompressed archive it is a part of the map.
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

  /// Reads the records in `byteCount` bytes of a storage, from `offset` on.
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
