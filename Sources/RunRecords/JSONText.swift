private import Foundation

/// A value as JSON with sorted keys, on one line or indented. The program prints and stores JSON in this form.
///
/// - Throws: `EncodingError` for numbers that JSON does not have (not finite).
public func jsonText(_ value: some Encodable, indented: Bool = false) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting =
    indented ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// A value whose absence is written as null instead of leaving out its key: a reader finds every key in every object.
@propertyWrapper
public struct OrNull<Value: Codable>: Codable {
  public var wrappedValue: Value?

  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

extension OrNull: Equatable where Value: Equatable {}
extension OrNull: Sendable where Value: Sendable {}

extension KeyedDecodingContainer {
  /// Reads a missing key, as in objects of an earlier version, as null.
  public func decode<Value>(_ type: OrNull<Value>.Type, forKey key: Key) throws -> OrNull<Value> {
    try decodeIfPresent(type, forKey: key) ?? OrNull(wrappedValue: nil)
  }
}
