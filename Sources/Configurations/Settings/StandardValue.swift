private import Optimizers
internal import Yams

/// A standard value, which a setting has if it is left out: its value in the encoded standard configuration.
public struct StandardValue: Equatable, Sendable {
  /// The value in the form for `--set`.
  public let text: String
  /// The other settings for which the value is standard, in words; empty if it is standard with all others.
  public fileprivate(set) var conditions: [String]
  /// The same as `key=value`, for one of these cases.
  public let beside: [String]

  /// Settings that give other settings a standard value, or another standard value.
  private struct Case {
    /// The first part of the keys of these other settings.
    var prefix: String
    /// The condition in words; empty for values that are standard unless another case names a condition.
    var condition: String
    /// Complete enough for a valid configuration.
    var settings: [String]
  }

  private static let cases: [Case] =
    [
      Case(prefix: "", condition: "", settings: []),
      Case(prefix: "data.labelNoise.", condition: "", settings: ["data.labelNoise=on"]),
      Case(prefix: "optimizer.", condition: "with a learningRate", settings: ["optimizer.learningRate=1"]),
    ]
    + OptimizerKind.standard.facts.filter(\.decidesStandards).flatMap { facts in
      if facts.kind == .section {
        return [Case(prefix: "optimizer.", condition: "with \(facts.key)", settings: ["optimizer.\(facts.key)=on"])]
      }
      let standard = values(beside: [])("optimizer.\(facts.key)")?.string
      return facts.range.split(separator: ", ").filter { $0 != standard ?? "" }.map { name in
        Case(
          prefix: "optimizer.", condition: "with \(facts.key) \(name)", settings: ["optimizer.\(facts.key)=\(name)"])
      }
    }
    + [
      Case(
        prefix: "schedule.", condition: "unless learningRate is auto", settings: ["optimizer.learningRate=1"]),
      Case(
        prefix: "training.stopEarly.", condition: "", settings: ["training.stopEarly={}", "data.validation=1"]),
      Case(prefix: "reweight.", condition: "", settings: ["reweight.levels=2"]),
      Case(
        prefix: "reweight.", condition: "with 3 levels", settings: ["reweight.levels=3", "reweight.unlabelled=500"]),
      Case(
        prefix: "reweight.", condition: "with constraint none or sigmoid",
        settings: ["reweight.constraint=sigmoid"]),
    ]
    + OptimizerKind.allCases.filter { $0 != .standard }.map {
      Case(prefix: "optimizer.", condition: $0.rawValue, settings: ["optimizer.name=\($0.rawValue)"])
    }

  /// The standard values of each key.
  static let all: [String: [StandardValue]] = {
    var all: [String: [StandardValue]] = [:]
    for item in cases {
      let values = values(beside: item.settings)
      for setting in Setting.all where setting.key.hasPrefix(item.prefix) {
        let key = setting.key
        guard let node = values(key), !item.settings.contains(where: { $0.hasPrefix(key + "=") }) else { continue }
        let text = text(of: node, isFlag: setting.words.kind == .flag)
        if let known = all[key]?.firstIndex(where: { $0.text == text }) {
          if all[key]?[known].conditions.isEmpty == false { all[key]?[known].conditions.append(item.condition) }
        } else {
          let conditions = item.condition.isEmpty ? [] : [item.condition]
          all[key, default: []].append(StandardValue(text: text, conditions: conditions, beside: item.settings))
        }
      }
    }
    // A single value needs no conditions.
    for (key, values) in all where values.count == 1 { all[key]?[0].conditions = [] }
    return all
  }()

  /// The encoded value of each key in a configuration that names only these settings; nil if the key has no value.
  private static func values(beside settings: [String]) -> (String) -> Node? {
    let tree = (try? ConfigurationSource.decode(ConfigurationSource.applied(settings)).yaml()).flatMap {
      try? Yams.compose(yaml: $0)
    }
    return { key in
      let node = key.split(separator: ".").reduce(tree) { node, name in node?[String(name)] }
      switch node {
      case .mapping(let mapping)?: return mapping.isEmpty ? nil : node
      case .sequence(let sequence)?: return sequence.isEmpty ? nil : node
      default: return node
      }
    }
  }

  private static func text(of node: Node, isFlag: Bool) -> String {
    switch node {
    case .scalar(let scalar): scalar.string == "false" && !isFlag ? "off" : scalar.string
    case .sequence(let sequence): "[" + sequence.map { text(of: $0, isFlag: true) }.joined(separator: ", ") + "]"
    case .mapping(let mapping):
      "{"
        + mapping.map { "\($0.key.string ?? ""): \(text(of: $0.value, isFlag: true))" }.joined(separator: ", ") + "}"
    default: ""
    }
  }
}
