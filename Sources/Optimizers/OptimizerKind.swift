/// The type of an optimizer, without its settings.
public struct OptimizerKind: Sendable {
  public let type: any Optimizer.Type

  public init(_ type: any Optimizer.Type) { self.type = type }

  /// The optimizers that a configuration can name. A new optimizer is a file, and an entry here.
  public static let allCases: [OptimizerKind] = [
    .sgd,
    .momentum,
    .rmsprop,
    .adam,
    .residualPartitioning,
  ]

  /// The optimizer of a configuration that names none.
  public static let standard = residualPartitioning
}

extension OptimizerKind: RawRepresentable, CaseIterable, Codable, Hashable {
  public var rawValue: String { type.name }

  /// nil if no optimizer has this name.
  public init?(rawValue: String) {
    guard let kind = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = kind
  }

  public static func == (a: OptimizerKind, b: OptimizerKind) -> Bool { a.rawValue == b.rawValue }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

/// Names are keys of `compare.learningRates`.
extension OptimizerKind: CodingKey {
  public var stringValue: String { rawValue }
  public var intValue: Int? { nil }
  public init?(stringValue: String) { self.init(rawValue: stringValue) }
  public init?(intValue: Int) { nil }
}

extension OptimizerKind {
  /// The descriptions of its settings for users.
  package var facts: [SettingFacts] { type.facts }

  package var formulas: [String] { type.formulas }

  /// Whether the optimizer can find its learning rate.
  public var findsLearningRate: Bool { type.standard.standardLearningRate == nil }

  /// Whether the optimizer uses Ẅ.
  public var needsCurvature: Bool { type.standard.needsCurvature }
}

extension [OptimizerKind] {
  /// The descriptions of the settings of all these optimizers, each key once. A key stands before the keys that follow
  /// it in any of the lists. Its formulas are those of all optimizers that have the key.
  package var facts: [SettingFacts] {
    reduce(into: []) { all, kind in
      for (index, facts) in kind.facts.enumerated() {
        if let known = all.firstIndex(where: { $0.key == facts.key }) {
          all[known].formulas += facts.formulas.filter { !all[known].formulas.contains($0) }
          continue
        }
        let following = kind.facts[(index + 1)...].map(\.key)
        all.insert(facts, at: all.firstIndex { following.contains($0.key) } ?? all.endIndex)
      }
    }
  }
}
