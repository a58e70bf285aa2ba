private import Networks

/// A key of the configuration with its description for users: a row of the only table of settings.
///
/// Decoding uses the same keys (``StrictKey``), so the table has every key that can be decoded, and no other.
public struct Setting: Sendable {
  /// With dots, as for `--set`.
  public let key: String
  /// The key without its sections.
  let name: String
  /// The key of its section.
  let section: String?
  let words: SettingWords
  /// The optimizers that have the setting; nil for all, and outside of `optimizer`.
  let optimizers: [OptimizerConfiguration.Name]?

  /// All settings, in the order in which they are written; a section comes before its keys.
  public static let all: [Setting] = list(SettingWords.Row.all(Configuration.CodingKeys.self), below: nil)

  private static func list(_ rows: [SettingWords.Row], below section: Setting?) -> [Setting] {
    rows.flatMap { row -> [Setting] in
      let words = row.words
      let setting = Setting(
        key: (section.map { $0.key + "." } ?? "") + row.name, name: row.name, section: section?.key, words: words,
        optimizers: words.optimizers ?? section?.optimizers)
      return [setting] + (words.rows.map { list($0, below: setting) } ?? [])
    }
  }

  /// Whether the setting is a section with keys.
  public var isSection: Bool { words.rows != nil }

  /// The keys of a section, without the keys of its subsections.
  var children: [Setting] { Self.all.filter { $0.section == key } }

  /// The allowed values; for a section, its keys in braces.
  var range: String {
    guard isSection else { return words.range }
    return words.range.replacing("the keys", with: "{\(children.map(\.name).joined(separator: ", "))}")
  }

  /// The standard values, used if the setting is left out; empty if they depend on data or on other settings.
  public var standards: [StandardValue] { StandardValue.all[key] ?? [] }

  /// The standard values as text.
  func standard(_ quoted: (String) -> String = { $0 }) -> String {
    let values = standards
    guard !values.isEmpty else { return words.standard ?? "none" }
    return values.map { value in
      quoted(value.text) + (value.conditions.isEmpty ? "" : " (\(value.conditions.joined(separator: ", ")))")
    }.joined(separator: "; ")
  }

  /// The old name, which is still read.
  var oldName: String? {
    OldNames.all.first { "\($0.section).\($0.new)" == key }.map { "\($0.section).\($0.old)" }
  }

  /// The settings that a user may mean by a name: a key with all keys below it, or all keys that end with the name.
  ///
  /// - Throws: ``ConfigurationError`` that names the nearest setting if there is none.
  public static func named(_ name: String) throws(ConfigurationError) -> [Setting] {
    let whole = all.filter { $0.key == name || $0.key.hasPrefix(name + ".") || $0.oldName == name }
    let found = whole.isEmpty ? all.filter { $0.key.hasSuffix("." + name) } : whole
    guard found.isEmpty else { return found }
    let unknown = UnknownName(name, among: all.flatMap { [$0.key, $0.name] }, kind: "setting")
    throw ConfigurationError(
      "unknown setting '\(name)'; did you mean '\(unknown.nearest ?? "training")'? rp-dist settings lists all")
  }
}
