extension SafetensorsFile {
  /// Writes the file so that its name stands for the old content or for the complete new one, never for a part.
  ///
  /// The bytes go to a temporary name in the same directory (`.safetensors-….tmp`), are synced to the disk, and take
  /// the name in one step. The temporary file is removed after a failure; only a killed process can leave one behind.
  /// Equal tensors in equal order with equal metadata give equal bytes.
  ///
  /// - Throws: ``SafetensorsError`` of kind `cannotWrite`.
  public func write(to path: String) throws(SafetensorsError) {
    let header = encodedHeader()
    guard header.count - 8 <= SafetensorsPreamble.longestHeader else {
      throw SafetensorsError(
        path: path, kind: .cannotWrite,
        problem: "cannot be written: its header of \(header.count - 8) bytes is over the limit of the format,"
          + " \(SafetensorsPreamble.longestHeader)",
        remedy: "shorten the metadata")
    }
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    let unique = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = "\(directory).safetensors-\(unique).tmp"
    let file = try SafetensorsDiskFile(creating: temporary, for: path)
    do {
      try file.write(header)
      for tensor in tensorsByWidth { try file.write(tensor.bytes) }
      try file.finish()
      try SafetensorsDiskFile.rename(temporary, to: path, in: directory)
    } catch {
      SafetensorsDiskFile.remove(temporary)
      throw error
    }
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
