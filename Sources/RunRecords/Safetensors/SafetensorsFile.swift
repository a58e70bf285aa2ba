/// Named tensors and text metadata, as one safetensors file holds them.
///
/// The whole file is in memory; it is checked completely when it is read, so that a value of this type keeps the rules
/// of the format.
public struct SafetensorsFile: Equatable, Sendable {
  /// The tensors in the order of the header.
  public let tensors: [SafetensorsTensor]
  /// The text under `__metadata__`; empty if the file has none.
  public let metadata: [String: String]

  private let positions: [String: Int]

  /// Puts tensors together, to be written with ``write(to:)``.
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
  /// - Throws: ``SafetensorsError``: `unreadable` if the file cannot be opened or read, `content` if it is foreign,
  ///   truncated, or breaks a rule of the format.
  /// - Complexity: one pass over the file; the tensors are read only after the header is found to be correct.
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
        // Someone cut the file since its size was taken.
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
