package import Networks

/// How a configuration reads, writes and checks the settings.
extension Optimizer {
  package static var facts: [SettingFacts] { settings.map(\.facts) }

  /// The settings in `values`; settings that `values` does not name keep the values of this optimizer.
  ///
  /// - Parameter decisive: true to read only the settings that decide the standard values of others; false to read all.
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

  /// Checks that every setting is in its range.
  ///
  /// - Throws: ``OptimizerError`` naming the key, the value and the range.
  package func checkRanges() throws(OptimizerError) {
    for setting in Self.settings {
      if let fault = setting.fault(self, "optimizer.\(setting.facts.key)") { throw OptimizerError(fault) }
    }
  }

  /// The numbers that the step computes with, by their keys.
  package var numbers: [(key: String, value: Double)] {
    Self.settings.compactMap { setting in setting.number(self).map { (setting.facts.key, $0) } }
  }

  /// The same optimizer for another learning rate. A setting with the standard value for the old rate gets the standard
  /// value for the new rate; all other settings stay.
  package func following(from old: Double?, to new: Double?) -> Self {
    var changed = self
    for setting in Self.settings { setting.follow(&changed, standards(beside: old), standards(beside: new)) }
    return changed
  }
}

/// Settings of an optimizer that contradict each other.
public struct OptimizerError: Error, CustomStringConvertible, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
