internal import Datasets
private import Foundation
private import RunRecords

extension InputMap {
  /// The map as JSON, as it is kept in model files.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// The map that a model file holds.
  init(json: String) throws { self = try JSONDecoder().decode(InputMap.self, from: Data(json.utf8)) }
}

extension DataSplit {
  /// The SHA-256 of the values and labels, training set before test set.
  var fingerprint: String {
    let hash = Fingerprint()
    unsafe training.dataset.forEachChunk { unsafe hash.add($0) }
    unsafe test.dataset.forEachChunk { unsafe hash.add($0) }
    return hash.hexadecimal
  }
}
