/// The content of a safetensors file's JSON header, checked against the format.
///
/// A file consists of the header's length N (8 bytes, little-endian, unsigned), N bytes of JSON padded with spaces, and
/// the bytes of the tensors. The JSON maps each name to `dtype`, `shape` and `data_offsets` [begin, end), counted from
/// the end of the header; `__metadata__` maps strings to strings. The tensors cover their part of the file without gaps
/// or overlaps. Source: github.com/huggingface/safetensors, "Format".
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let dtype: SafetensorsDType
    let shape: [Int]
    let offsets: Range<Int>
  }

  static let metadataKey = "__metadata__"

  /// The tensors in the order of the header.
  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  /// The number of bytes of all tensors together.
  private(set) var dataCount = 0

  private let path: String

  /// Reads the header's JSON; the path is only for error messages.
  ///
  /// - Throws: ``SafetensorsError`` of kind `content` that names the first broken rule and the tensor.
  init(parsing json: [UInt8], path: String) throws(SafetensorsError) {
    self.path = path
    let root: SafetensorsJSON
    do {
      root = try SafetensorsJSON(parsing: json)
    } catch {
      throw wrong("has a header that is not valid JSON: \(error.reason) at byte \(8 + error.offset) of the file")
    }
    guard case .object(let members) = root else {
      throw wrong("has a header that is \(root.summary) instead of a JSON object")
    }
    var names: Set<String> = []
    for member in members {
      guard names.insert(member.key).inserted else {
        throw wrong("the name stands twice in the header", tensor: member.key)
      }
      if member.key == Self.metadataKey {
        metadata = try Self.metadata(from: member.value, path: path)
      } else {
        entries.append(try entry(named: member.key, from: member.value))
      }
    }
    dataCount = try coveredBytes()
  }

  private static func metadata(
    from json: SafetensorsJSON, path: String
  ) throws(SafetensorsError) -> [String: String] {
    func wrong(_ problem: String) -> SafetensorsError {
      SafetensorsError(path: path, kind: .content, problem: problem, remedy: SafetensorsError.writeAgain)
    }
    guard case .object(let members) = json else {
      throw wrong("has a \(metadataKey) that is \(json.summary) instead of an object of strings")
    }
    var metadata: [String: String] = [:]
    for member in members {
      let key = SafetensorsJSON.quoted(member.key)
      guard case .string(let text) = member.value else {
        throw wrong("has \(member.value.summary) instead of a string under \(key) in its \(metadataKey)")
      }
      guard metadata.updateValue(text, forKey: member.key) == nil else {
        throw wrong("has the key \(key) twice in its \(metadataKey)")
      }
    }
    return metadata
  }

  private func entry(named name: String, from json: SafetensorsJSON) throws(SafetensorsError) -> Entry {
    guard case .object(let members) = json else {
      throw wrong("the entry is \(json.summary) instead of an object", tensor: name)
    }
    func value(_ key: String) throws(SafetensorsError) -> SafetensorsJSON {
      let values = members.filter { $0.key == key }.map(\.value)
      guard let value = values.first, values.count == 1 else {
        throw wrong("\(key) is \(values.isEmpty ? "missing" : "given twice")", tensor: name)
      }
      return value
    }

    let typeName = try value("dtype")
    guard case .string(let text) = typeName, let dtype = SafetensorsDType(rawValue: text) else {
      throw wrong(
        "dtype \(typeName.summary) is not one of those that rp-dist reads (\(SafetensorsDType.list))", tensor: name,
        remedy: "convert the tensor to F32 or F64")
    }
    let shapeValue = try value("shape")
    guard let shape = Self.lengths(in: shapeValue) else {
      throw wrong("shape is \(shapeValue.summary) instead of a list of nonnegative integers", tensor: name)
    }
    guard let expected = dtype.byteCount(of: shape) else {
      throw wrong("shape \(shape) of \(text) has more bytes than any file can hold", tensor: name)
    }
    let offsetsValue = try value("data_offsets")
    guard let offsets = Self.lengths(in: offsetsValue), offsets.count == 2, offsets[0] <= offsets[1] else {
      throw wrong(
        "data_offsets is \(offsetsValue.summary) instead of [begin, end] with 0 <= begin <= end", tensor: name)
    }
    guard offsets[1] - offsets[0] == expected else {
      throw wrong(
        "shape \(shape) of \(text) needs \(expected) bytes, but data_offsets \(offsets) hold \(offsets[1] - offsets[0])",
        tensor: name)
    }
    return Entry(name: name, dtype: dtype, shape: shape, offsets: offsets[0]..<offsets[1])
  }

  /// The tensors in the order of their bytes; an empty tensor comes before another one with the same beginning.
  var entriesByOffset: [Entry] {
    entries.sorted {
      ($0.offsets.lowerBound, $0.offsets.upperBound) < ($1.offsets.lowerBound, $1.offsets.upperBound)
    }
  }

  /// Checks that the tensors cover bytes 0..<n of the data, each once, and returns n.
  private func coveredBytes() throws(SafetensorsError) -> Int {
    var end = 0
    var previous = ""
    for entry in entriesByOffset {
      let begin = entry.offsets.lowerBound
      guard begin >= end else {
        throw wrong(
          "data_offsets begin at \(begin), inside tensor \(SafetensorsJSON.quoted(previous)), which ends at \(end)",
          tensor: entry.name)
      }
      guard begin == end else {
        throw wrong("data_offsets begin at \(begin), but the tensors before it end at \(end)", tensor: entry.name)
      }
      end = entry.offsets.upperBound
      previous = entry.name
    }
    return end
  }

  private static func lengths(in json: SafetensorsJSON) -> [Int]? {
    guard case .list(let values) = json else { return nil }
    var lengths: [Int] = []
    for value in values {
      guard case .integer(let length) = value, length >= 0 else { return nil }
      lengths.append(length)
    }
    return lengths
  }

  private func wrong(
    _ problem: String, tensor: String? = nil, remedy: String = SafetensorsError.writeAgain
  ) -> SafetensorsError {
    SafetensorsError(path: path, kind: .content, tensor: tensor, problem: problem, remedy: remedy)
  }
}
