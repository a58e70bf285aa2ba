internal import Datasets
internal import Foundation

/// A directory of its own for a test, removed when the value ends.
final class ScratchDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "datasets-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path; directories in its name are made.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

/// The data sets that are shared by all sessions of the project, which other machines may not have.
enum SharedData {
  /// `../shared/data` of the package's root.
  static let directory: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { url.deleteLastPathComponent() }
    return url.path + "/shared/data"
  }()

  static var mnist: String { directory + "/mnist" }
  static var cifarArchive: String { directory + "/cifar-10/cifar-10-binary-small.tar.gz" }
  static var digits: String { directory + "/digits/digits.csv.gz" }

  static func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// The content of a dataset in one piece, as a hash would see it.
func content(_ dataset: Dataset) -> Data {
  var data = Data()
  unsafe dataset.forEachChunk { chunk in unsafe data.append(contentsOf: chunk) }
  return data
}

/// The error of a reading that must fail.
func failure(_ body: () throws -> DataSplit) throws -> DatasetError {
  do {
    _ = try body()
  } catch let error as DatasetError {
    return error
  }
  throw UnexpectedSuccess()
}

struct UnexpectedSuccess: Error {}

/// FNV-1a of 32-bit integers, low bytes first.
func fnv1a(_ numbers: [Int]) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for number in numbers {
    for shift in stride(from: 0, to: 32, by: 8) {
      hash = (hash ^ UInt64(number >> shift & 0xff)) &* 0x100_0000_01b3
    }
  }
  return hash
}
