/// What people are told of a setting of an optimizer, whatever its type.
public struct SettingFacts: Equatable, Sendable {
  public enum Kind: Sendable { case number, wholeNumber, flag, name, section }

  public let key: String
  public let kind: Kind
  /// What values there may be.
  public let range: String
  /// One short sentence.
  public let meaning: String
  /// The labels of the formulas that it belongs to.
  public internal(set) var formulas: [String]
  /// The settings of a section.
  public let section: [SettingFacts]
  /// Whether other settings have other standard values beside it, see ``Optimizer/standards(beside:)``.
  public let decidesStandards: Bool

  init(
    _ key: String, _ kind: Kind, _ range: String, _ meaning: String, _ formulas: [String],
    section: [SettingFacts] = [], decidesStandards: Bool = false
  ) {
    (self.key, self.kind, self.range, self.meaning) = (key, kind, range, meaning)
    (self.formulas, self.section, self.decidesStandards) = (formulas, section, decidesStandards)
  }
}
