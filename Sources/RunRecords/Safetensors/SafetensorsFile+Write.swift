extension SafetensorsFile {
  /// Writes the file so that its name stands for the old content or for the complete new one, never for a part.
  ///
  /// Equal tensors in equal order with equal metadata give equal bytes.
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

  /// The tensors in the order of their bytes in the file: wide elements first, else as given.
  ///
  /// The data begins at a multiple of 8, so every tensor begins at a multiple of its element's width; a reader that
  /// maps the file into memory needs that, and the reference implementation writes it so.
  private var tensorsByWidth: [SafetensorsTensor] {
    // Not `sorted`, which does not promise to keep the order of equals.
    [8, 4, 2, 1].flatMap { width in tensors.filter { $0.dtype.byteCount == width } }
  }

  /// The 8 bytes of the length and the JSON, padded with spaces to a multiple of 8 bytes.
  ///
  /// The keys stand in a fixed order: the metadata, sorted by key, then the tensors as given.
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
