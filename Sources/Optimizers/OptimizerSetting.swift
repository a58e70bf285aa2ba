package import Networks

/// A setting of an optimizer, or of a section of its settings: a key of the configuration, the property that it sets,
/// the values that it may have, and its description for users.
public struct OptimizerSetting<Owner: Sendable>: Sendable {
  public typealias Property<Value> = any WritableKeyPath<Owner, Value> & Sendable

  public let facts: SettingFacts
  /// Sets the property if the configuration names the key.
  let decode: @Sendable (inout Owner, KeyedDecodingContainer<AnyKey>) throws -> Void
  let encode: @Sendable (Owner, inout KeyedEncodingContainer<AnyKey>) throws -> Void
  /// The message that says what is wrong with the value; nil if the value is valid. The second argument is the key's
  /// path.
  let fault: @Sendable (Owner, String) -> String?
  /// The value, if the setting is a number that the step computes with.
  let number: @Sendable (Owner) -> Double?
  /// Replaces the old standard value, if the property has it, by the new standard value.
  let follow: @Sendable (inout Owner, _ old: Owner, _ new: Owner) -> Void

  private init<Value: Equatable & Sendable>(
    _ facts: SettingFacts, _ path: Property<Value>,
    decode: @escaping @Sendable (KeyedDecodingContainer<AnyKey>, AnyKey) throws -> Value?,
    encode: @escaping @Sendable (Value, inout KeyedEncodingContainer<AnyKey>, AnyKey) throws -> Void,
    fault: @escaping @Sendable (Value, String) -> String? = { _, _ in nil },
    number: @escaping @Sendable (Value) -> Double? = { _ in nil }
  ) {
    self.facts = facts
    let key = AnyKey(facts.key)
    self.decode = { owner, values in
      if let value = try decode(values, key) { owner[keyPath: path] = value }
    }
    self.encode = { owner, values in try encode(owner[keyPath: path], &values, key) }
    self.fault = { owner, key in fault(owner[keyPath: path], key) }
    self.number = { owner in number(owner[keyPath: path]) }
    follow = { owner, old, new in
      if owner[keyPath: path] == old[keyPath: path] { owner[keyPath: path] = new[keyPath: path] }
    }
  }
}

extension OptimizerSetting {
  /// A number.
  public static func number(
    _ key: String, _ path: Property<Double>, _ range: SettingRange<Double>, _ meaning: String,
    formulas: [String] = []
  ) -> Self {
    Self(
      SettingFacts(key, .number, range.words, meaning, formulas), path,
      decode: { values, key in try values.decodeIfPresent(Double.self, forKey: key) },
      encode: { value, values, key in try values.encode(value, forKey: key) },
      fault: { value, key in range.contains(value) ? nil : "\(key) is \(value); it \(range.demand)" },
      number: { $0 })
  }

  /// A whole number.
  public static func wholeNumber(
    _ key: String, _ path: Property<Int>, _ range: SettingRange<Int>, _ meaning: String,
    formulas: [String] = []
  ) -> Self {
    Self(
      SettingFacts(key, .wholeNumber, range.words, meaning, formulas), path,
      decode: { values, key in try values.decodeIfPresent(Int.self, forKey: key) },
      encode: { value, values, key in try values.encode(value, forKey: key) },
      fault: { value, key in range.contains(value) ? nil : "\(key) is \(value); it \(range.demand)" })
  }

  /// true or false.
  public static func flag(
    _ key: String, _ path: Property<Bool>, _ meaning: String, formulas: [String] = []
  ) -> Self {
    Self(
      SettingFacts(key, .flag, "", meaning, formulas), path,
      decode: { values, key in try values.decodeIfPresent(Bool.self, forKey: key) },
      encode: { value, values, key in try values.encode(value, forKey: key) })
  }

  /// One of the names of a type.
  public static func name<Name: CaseIterable & RawRepresentable<String> & Equatable & Sendable>(
    _ key: String, _ path: Property<Name>, _ meaning: String, formulas: [String] = [], decidesStandards: Bool = false
  ) -> Self {
    Self(
      SettingFacts(
        key, .name, Name.allCases.map(\.rawValue).joined(separator: ", "), meaning, formulas,
        decidesStandards: decidesStandards), path,
      decode: { values, key in
        guard let text = try values.decodeIfPresent(String.self, forKey: key) else { return nil }
        guard let name = Name(rawValue: text) else {
          throw values.refusal(UnknownName(text, among: Name.allCases.map(\.rawValue), kind: "value").description, key)
        }
        return name
      },
      encode: { value, values, key in try values.encode(value.rawValue, forKey: key) })
  }

  /// One of the numbers of a type.
  public static func number<Number: CaseIterable & RawRepresentable<Double> & Equatable & Sendable>(
    oneOf key: String, _ path: Property<Number>, _ meaning: String, formulas: [String] = []
  ) -> Self {
    @Sendable func list(_ numbers: [Double]) -> String {
      numbers.map { Int(exactly: $0).map(String.init) ?? "\($0)" }.joined(separator: " or ")
    }
    let numbers = Number.allCases.map(\.rawValue)
    return Self(
      SettingFacts(key, .number, list(numbers.sorted()), meaning, formulas), path,
      decode: { values, key in
        guard let number = try values.decodeIfPresent(Double.self, forKey: key) else { return nil }
        guard let value = Number(rawValue: number) else {
          throw values.refusal("it is \(number); it must be \(list(numbers))", key)
        }
        return value
      },
      encode: { value, values, key in try values.encode(value.rawValue, forKey: key) })
  }

  /// A section of settings that is `off`, `on`, or written out; nil for `off`.
  ///
  /// - Parameters:
  ///   - on: the section that `on` stands for; keys that a written section leaves out have its values.
  ///   - decidesStandards: whether the standard values of other settings depend on this section.
  public static func section<Section: Equatable & Sendable>(
    _ key: String, _ path: Property<Section?>, on: Section,
    _ settings: [OptimizerSetting<Section>], _ meaning: String, formulas: [String] = [], decidesStandards: Bool = false
  ) -> Self {
    Self(
      SettingFacts(
        key, .section, "off, on, or the keys", meaning, formulas, section: settings.map(\.facts),
        decidesStandards: decidesStandards), path,
      decode: { values, key -> Section?? in
        guard values.contains(key) else { return nil }
        let decoder = try values.superDecoder(forKey: key)
        if let isOn = try? decoder.singleValueContainer().decode(Bool.self) { return .some(isOn ? on : nil) }
        let values = try decoder.container(keyedBy: settings.map(\.facts.key))
        var section = on
        for setting in settings { try setting.decode(&section, values) }
        return section
      },
      encode: { section, values, key in
        guard let section else { return try values.encode(false, forKey: key) }
        var own = values.nestedContainer(keyedBy: AnyKey.self, forKey: key)
        for setting in settings { try setting.encode(section, &own) }
      },
      fault: { section, key in
        section.flatMap { section in
          settings.lazy.compactMap { $0.fault(section, "\(key).\($0.facts.key)") }.first
        }
      })
  }
}

extension KeyedDecodingContainer<AnyKey> {
  fileprivate func refusal(_ problem: String, _ key: AnyKey) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath + [key], debugDescription: problem))
  }
}

extension Decoder {
  /// A keyed container that refuses unknown keys and names the nearest known key.
  package func container(keyedBy known: [String]) throws -> KeyedDecodingContainer<AnyKey> {
    let values = try container(keyedBy: AnyKey.self)
    for key in values.allKeys where !known.contains(key.stringValue) {
      let unknown = UnknownName(key.stringValue, among: known, kind: "key")
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: unknown.description))
    }
    return values
  }
}

/// The values that a setting may have.
public struct SettingRange<Value: Sendable>: Sendable {
  /// The range in words, such as "above 0".
  let words: String
  /// The end of the message for a value outside the range, such as "must be above 0".
  let demand: String
  let contains: @Sendable (Value) -> Bool

  public init(_ words: String, _ demand: String, _ contains: @escaping @Sendable (Value) -> Bool) {
    (self.words, self.demand, self.contains) = (words, demand, contains)
  }
}

extension SettingRange<Double> {
  /// From 0 to below 1: the decay of an average.
  public static var fraction: Self { Self("0 to below 1", "must be from 0 to below 1") { $0 >= 0 && $0 < 1 } }

  public static var positive: Self { Self("above 0", "must be above 0") { $0 > 0 && $0.isFinite } }

  public static var nonNegative: Self { Self("0 or more", "must not be negative") { $0 >= 0 && $0.isFinite } }
}

/// The description of an optimizer's setting for users, whatever the setting's type.
public struct SettingFacts: Equatable, Sendable {
  public enum Kind: Sendable { case number, wholeNumber, flag, name, section }

  public let key: String
  public let kind: Kind
  /// The allowed values, in words.
  public let range: String
  /// One short sentence.
  public let meaning: String
  /// The labels of the formulas in which the setting occurs.
  public internal(set) var formulas: [String]
  /// The settings of a section.
  public let section: [SettingFacts]
  /// Whether the standard values of other settings depend on this setting, see ``Optimizer/standards(beside:)``.
  public let decidesStandards: Bool

  init(
    _ key: String, _ kind: Kind, _ range: String, _ meaning: String, _ formulas: [String],
    section: [SettingFacts] = [], decidesStandards: Bool = false
  ) {
    (self.key, self.kind, self.range, self.meaning) = (key, kind, range, meaning)
    (self.formulas, self.section, self.decidesStandards) = (formulas, section, decidesStandards)
  }
}
