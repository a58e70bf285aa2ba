internal import Networks

/// The keys of a section of the configuration; any other key is an error.
protocol StrictKey: CodingKey, CaseIterable, RawRepresentable where RawValue == String {
  /// The description of the key for users.
  var words: SettingWords { get }
}

extension Decoder {
  /// A keyed container that refuses unknown keys and names the nearest known key.
  func strictContainer<Key: StrictKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let any = try container(keyedBy: AnyKey.self)
    for key in any.allKeys where Key(rawValue: key.stringValue) == nil {
      let unknown = UnknownName(key.stringValue, among: Key.allCases.map(\.rawValue), kind: "key")
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: unknown.description))
    }
    return try container(keyedBy: type)
  }

  /// One of a fixed list of names, found at `key`. The error for an unknown name gives the nearest one.
  func name<Name: RawRepresentable & CaseIterable>(_ text: String, at key: any CodingKey) throws -> Name
  where Name.RawValue == String {
    try known(text, at: codingPath + [key])
  }
}

/// One of a fixed list of names. The error for an unknown name gives the nearest one.
private func known<Name: RawRepresentable & CaseIterable>(_ text: String, at path: [any CodingKey]) throws -> Name
where Name.RawValue == String {
  guard let name = Name(rawValue: text) else {
    let unknown = UnknownName(text, among: Name.allCases.map(\.rawValue), kind: "value")
    throw DecodingError.dataCorrupted(.init(codingPath: path, debugDescription: unknown.description))
  }
  return name
}

extension KeyedDecodingContainer where Key: StrictKey {
  /// The value of a key, or a default if the key is absent.
  func value<Value: Decodable>(_ key: Key, or standard: Value) throws -> Value {
    try decodeIfPresent(Value.self, forKey: key) ?? standard
  }

  /// One of a fixed list of names, or a default if the key is absent. The error for an unknown name gives the nearest
  /// one.
  func name<Name: RawRepresentable & CaseIterable>(_ key: Key, or standard: Name) throws -> Name
  where Name.RawValue == String {
    guard let text = try decodeIfPresent(String.self, forKey: key) else { return standard }
    return try known(text, at: codingPath + [key])
  }
}
