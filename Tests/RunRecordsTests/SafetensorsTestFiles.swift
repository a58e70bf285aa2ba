import Foundation
import RunRecords
import Testing

/// An empty directory that is removed when its value is.
final class SafetensorsTestDirectory {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("safetensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    // A test that failed halfway may have removed it already.
    try? FileManager.default.removeItem(atPath: path)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  /// Writes bytes as `M.safetensors` and returns the path.
  func write(_ bytes: some Sequence<UInt8>) throws -> String {
    let file = path + "/M.safetensors"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// The bytes of a file at a path.
func fileBytes(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes of a safetensors file with this header, right or wrong, and `dataCount` bytes of data.
func safetensorsBytes(header: String, dataCount: Int = 0) -> [UInt8] {
  let json = Array(header.utf8)
  let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
  return length + json + [UInt8](repeating: 0, count: dataCount)
}
