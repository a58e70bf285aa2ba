package import Networks

/// Settings as a configuration reads, writes and checks them.
extension Optimizer {
  package static var facts: [SettingFacts] { settings.map(\.facts) }

  /// The settings that `values` name, and these for the others.
  ///
  /// - Parameter decisive: those alone that decide what is standard for others; all where false.
  package func decoded(from values: KeyedDecodingContainer<AnyKey>, decisive: Bool = false) throws -> Self {
    var decoded = self
    for setting in Self.settings where !decisive || setting.facts.decidesStandards {
      try setting.decode(&decoded, values)
    }
    return decoded
  }

  /// Writes every setting.
  package func encode(to values: inout KeyedEncodingContainer<AnyKey>) throws {
    for setting in Self.settings { try setting.encode(self, &values) }
  }

  /// Makes sure that every setting is in its range.
  ///
  /// - Throws: ``OptimizerError`` naming the key, the value and the range.
  package func checkRanges() throws(OptimizerError) {
    for setting in Self.settings {
      if let fault = setting.fault(self, "optimizer.\(setting.facts.key)") { throw OptimizerError(fault) }
    }
  }

  /// The numbers that steps are computed with, by their keys.
  package var numbers: [(key: String, value: Double)] {
    Self.settings.compactMap { setting in setting.number(self).map { (setting.facts.key, $0) } }
  }

  /// The same optimizer beside another learning rate: settings that are standard beside the old one get what is standard
  /// beside the new one, all others stay.
  package func following(from old: Double?, to new: Double?) -> Self {
    var changed = self
    for setting in Self.settings { setting.follow(&changed, standards(beside: old), standards(beside: new)) }
    return changed
  }
}

/// Settings of an optimizer that do not go together.
public struct OptimizerError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
