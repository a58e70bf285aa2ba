private import Foundation

/// A value as JSON with sorted keys, on one line or indented: what the program prints and keeps in its files.
///
/// - Throws: `EncodingError` for numbers that JSON does not have (not finite).
public func jsonText(_ value: some Encodable, indented: Bool = false) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting =
    indented ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
