/// Named tensors and text metadata, as in a safetensors file.
///
/// The whole file is in memory. It is checked completely when it is read, so a value of this type always satisfies the
/// rules of the format.
public struct SafetensorsFile: Equatable, Sendable {
  /// The tensors in the order of the header.
  public let tensors: [SafetensorsTensor]
  /// The text under `__metadata__`; empty if the file has none.
  public let metadata: [String: String]

  private let positions: [String: Int]

  /// Combines tensors into a file that ``write(to:)`` can write.
  ///
  /// - Precondition: no two tensors have the same name, and none is called `__metadata__`.
  public init(tensors: [SafetensorsTensor], metadata: [String: String] = [:]) {
    var positions: [String: Int] = [:]
    for (position, tensor) in tensors.enumerated() {
      precondition(tensor.name != SafetensorsHeader.metadataKey, "a tensor cannot be called \(tensor.name)")
      precondition(
        positions.updateValue(position, forKey: tensor.name) == nil, "two tensors are called \(tensor.name)")
    }
    self.tensors = tensors
    self.metadata = metadata
    self.positions = positions
  }

  /// Reads and checks a file.
  ///
  /// - Throws: ``SafetensorsError``: `unreadable` if the file cannot be opened or read, `content` if it has another
  ///   format, is truncated, or breaks a rule of the format.
  /// - Complexity: one pass over the file; the tensors are read only after the header has been checked.
  public init(contentsOf path: String) throws(SafetensorsError) {
    let file = try DiskFile(reading: path)
    let fileSize: Int
    switch try file.content() {
    case .bytes(let count): fileSize = count
    case .directory: throw Self.notAFile(path, "a directory")
    case .stream: throw Self.notAFile(path, "a pipe or a device")
    }

    let start = try file.read(count: min(SafetensorsPreamble.byteCount, fileSize))
    let headerCount = try SafetensorsPreamble.headerCount(start: start, fileSize: fileSize, path: path)
    try file.seek(to: 8)
    let header = try SafetensorsHeader(parsing: try file.read(count: headerCount), path: path)
    let dataBegin = 8 + headerCount
    let (wanted, overflow) = dataBegin.addingReportingOverflow(header.dataCount)
    guard !overflow else {
      throw SafetensorsError(
        path: path, kind: .content, problem: "has a header that describes more bytes than any file can hold",
        remedy: SafetensorsError.writeAgain)
    }
    guard wanted <= fileSize else { throw Self.truncated(path, at: fileSize, wanted: wanted) }
    guard wanted == fileSize else {
      let surplus = fileSize - wanted
      throw SafetensorsError(
        path: path, kind: .content,
        problem: "has \(surplus) \(surplus == 1 ? "byte" : "bytes") after its last tensor, at byte \(wanted)",
        remedy: SafetensorsError.writeAgain)
    }

    var tensors: [String: SafetensorsTensor] = [:]
    for entry in header.entriesByOffset {
      let bytes = try file.read(count: entry.offsets.count)
      guard bytes.count == entry.offsets.count else {
        // Another process shortened the file after its size was read.
        throw Self.truncated(path, at: dataBegin + entry.offsets.lowerBound + bytes.count, wanted: wanted)
      }
      tensors[entry.name] = SafetensorsTensor(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: bytes)
    }
    self.init(tensors: header.entries.compactMap { tensors[$0.name] }, metadata: header.metadata)
  }

  /// The names of the tensors in their order.
  public var names: [String] { tensors.map(\.name) }

  /// The tensor of this name, or nil if the file has none.
  ///
  /// - Complexity: O(1).
  public func tensor(named name: String) -> SafetensorsTensor? {
    positions[name].map { tensors[$0] }
  }

  private static func notAFile(_ path: String, _ what: String) -> SafetensorsError {
    SafetensorsError(
      path: path, kind: .unreadable, problem: "is \(what), not a file", remedy: "give the path of a .safetensors file")
  }

  private static func truncated(_ path: String, at count: Int, wanted: Int) -> SafetensorsError {
    SafetensorsError(
      path: path, kind: .content, problem: "ends after \(count) of \(wanted) bytes; the copy is incomplete",
      remedy: SafetensorsError.copyAgain)
  }
}

extension SafetensorsFile {
  /// Writes the file so that its name always stands for the complete old or the complete new content.
  ///
  /// Equal tensors in the same order with equal metadata give equal bytes.
  ///
  /// - Throws: ``SafetensorsError`` of kind `cannotWrite`.
  public func write(to path: String) throws(SafetensorsError) {
    try DiskFile.replace(path, with: try encoded(for: path))
  }

  /// The bytes of the file, in parts.
  func encoded(for path: String) throws(SafetensorsError) -> [[UInt8]] {
    let header = encodedHeader()
    guard header.count - 8 <= SafetensorsPreamble.longestHeader else {
      throw SafetensorsError(
        path: path, kind: .cannotWrite,
        problem: "cannot be written: its header of \(header.count - 8) bytes is over the limit of the format,"
          + " \(SafetensorsPreamble.longestHeader)",
        remedy: "shorten the metadata")
    }
    return [header] + tensorsByWidth.map(\.bytes)
  }

  /// The tensors in the order of their bytes in the file: wide elements first, otherwise in the given order.
  ///
  /// The data begin at a multiple of 8, so every tensor begins at a multiple of its element's width. A reader that maps
  /// the file into memory needs this, and the reference implementation writes files in the same way.
  private var tensorsByWidth: [SafetensorsTensor] {
    // Not `sorted`, which does not guarantee the order of equal elements.
    [8, 4, 2, 1].flatMap { width in tensors.filter { $0.dtype.byteCount == width } }
  }

  /// The 8 bytes of the length and the JSON, padded with spaces to a multiple of 8 bytes.
  ///
  /// The keys have a fixed order: first the metadata, sorted by key, then the tensors in the given order.
  private func encodedHeader() -> [UInt8] {
    var begins: [String: Int] = [:]
    var end = 0
    for tensor in tensorsByWidth {
      begins[tensor.name] = end
      end += tensor.bytes.count
    }

    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map {
        "\(SafetensorsJSON.quoted($0.key)):\(SafetensorsJSON.quoted($0.value))"
      }
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(texts.joined(separator: ","))}")
    }
    for tensor in tensors {
      let begin = begins[tensor.name, default: 0]
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(SafetensorsJSON.quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(begin + tensor.bytes.count)]}")
    }
    var json = Array("{\(members.joined(separator: ","))}".utf8)
    json += Array(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    let length = UInt64(json.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + json
  }
}
