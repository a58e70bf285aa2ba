internal import Optimizers

extension OptimizerConfiguration {
  /// The keys of all optimizers and the keys of each optimizer, from the optimizers' own descriptions.
  static func rows(_ kinds: [Name] = Name.allCases) -> [SettingWords.Row] {
    let finders = kinds.filter(\.findsLearningRate).map(\.rawValue).joined(separator: ", ")
    let all = [
      SettingWords.Row(
        "name",
        SettingWords(
          .name, kinds.map(\.rawValue).joined(separator: ", "), "The optimizer.",
          formula: SettingWords.formula(kinds.flatMap(\.formulas)))),
      SettingWords.Row(
        "learningRate",
        SettingWords(
          .number, "above 0" + (finders.isEmpty ? "" : "; for \(finders) also auto"),
          "The step size; with auto the lengths of steps are found.",
          formula: SettingWords.formula(kinds.flatMap { $0.formulas.prefix(1) }))),
    ]
    return all
      + kinds.facts.map { facts in
        SettingWords.Row(facts, of: kinds.filter { $0.facts.contains { $0.key == facts.key } })
      }
  }
}

extension SettingWords.Row {
  fileprivate init(_ facts: SettingFacts, of owners: [OptimizerKind]) {
    let kind: SettingWords.Kind =
      switch facts.kind {
      case .number: .number
      case .wholeNumber: .wholeNumber
      case .flag: .flag
      case .name: .name
      case .section: .section
      }
    self.init(
      facts.key,
      SettingWords(
        kind, facts.range, facts.meaning, formula: SettingWords.formula(facts.formulas), of: owners,
        rows: facts.kind == .section ? facts.section.map { Self($0, of: owners) } : nil))
  }
}

extension SettingWords {
  /// Formula labels in the form for users: (M11, M14–M17).
  fileprivate static func formula(_ labels: [String]) -> String? {
    let numbers = Set(labels.compactMap { Int($0.dropFirst()) }).sorted()
    let runs = numbers.reduce(into: [ClosedRange<Int>]()) { runs, number in
      if let last = runs.last, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    let words = runs.flatMap { run in
      run.count > 2 ? ["M\(run.lowerBound)–M\(run.upperBound)"] : run.map { "M\($0)" }
    }
    return words.isEmpty ? nil : "(\(words.joined(separator: ", ")))"
  }
}

extension ScheduleConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .name: .init(oneOf: Schedule.Name.self, "How the learning rate changes.", formula: "(M18)")
    case .decay:
      .init(.number, "0 or more", "inverse: d in 1/(1 + d e), the factor of epoch e.", formula: "(M18)")
    case .factor: .init(.number, "above 0", "exponential: the factor from one epoch to the next.", formula: "(M18)")
    case .scale: .init(.number, "above 0", "inverseRoot: k in k/√(e + 1), the factor of epoch e.", formula: "(M18)")
    case .warmup: .init(.wholeNumber, "0 or more", "The steps in which the rate grows from 0.", formula: "(M18)")
    }
  }
}

extension RegularizationConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .l2: .init(.number, "0 or more", "The strength of L2: half the sum of squares.", formula: "(M2)")
    case .l1: .init(.number, "0 or more", "The strength of L1: the sum of magnitudes.", formula: "(M2)")
    case .includingBiases: .init(flag: "Whether biases count too.", formula: "(M2)")
    }
  }
}
