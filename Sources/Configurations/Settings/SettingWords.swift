/// The description of a key of the configuration for users: in the help texts, in `rp-dist settings` and in
/// `docs/settings.md`.
///
/// Every coding key of a section has a description (``StrictKey/words``), in a file for each section in this folder;
/// the keys of an optimizer have theirs in the optimizer's own file. The descriptions do not contain defaults: these
/// come from the encoded standard configuration (``StandardValue``).
struct SettingWords: Sendable {
  enum Kind: String, Sendable {
    case wholeNumber = "whole number"
    case number
    case flag = "true or false"
    case text
    case path
    case name
    case list
    case section
  }

  let kind: Kind
  /// The allowed values.
  let range: String
  /// One short sentence.
  let meaning: String
  /// The formulas in which the setting occurs, such as (M14).
  let formula: String?
  /// The effect of leaving the key out, for a key without a standard value.
  let standard: String?
  /// nil for all optimizers, and outside of `optimizer`.
  let optimizers: [OptimizerConfiguration.Name]?
  /// The keys of a section, in the order in which they are written.
  let rows: [Row]?

  /// A key of a section.
  struct Row: Sendable {
    let name: String
    let words: SettingWords

    init(_ name: String, _ words: SettingWords) { (self.name, self.words) = (name, words) }

    static func all<Key: StrictKey>(_ keys: Key.Type) -> [Row] { Key.allCases.map { Row($0.rawValue, $0.words) } }
  }

  init(
    _ kind: Kind, _ range: String, _ meaning: String, formula: String? = nil, standard: String? = nil,
    of optimizers: [OptimizerConfiguration.Name]? = nil, rows: [Row]? = nil
  ) {
    (self.kind, self.range, self.meaning, self.formula) = (kind, range, meaning, formula)
    (self.standard, self.optimizers, self.rows) = (standard, optimizers, rows)
  }

  /// true or false.
  init(flag meaning: String, formula: String? = nil, standard: String? = nil) {
    self.init(.flag, "", meaning, formula: formula, standard: standard)
  }

  /// One of the names of a type.
  init<Name: CaseIterable & RawRepresentable>(
    oneOf names: Name.Type, _ meaning: String, formula: String? = nil, standard: String? = nil
  ) where Name.RawValue == String {
    self.init(
      .name, Name.allCases.map(\.rawValue).joined(separator: ", "), meaning, formula: formula, standard: standard)
  }

  /// A section with keys; `range` is an alternative description of its values.
  init(
    section keys: any StrictKey.Type, range: String = "", _ meaning: String, formula: String? = nil,
    standard: String? = nil
  ) {
    self.init(.section, range, meaning, formula: formula, standard: standard, rows: Row.all(keys))
  }
}
