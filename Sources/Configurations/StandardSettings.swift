private import Optimizers
package import Yams

/// What the settings of an optimizer that are left out depend on: another one of these, and they are others.
struct OptimizerKind: Equatable {
  var name: OptimizerConfiguration.Name
  var findsLength: Bool
  var hasTrustRatio: Bool

  init(_ optimizer: OptimizerConfiguration) {
    name = optimizer.name
    (findsLength, hasTrustRatio) = (optimizer.learningRate == nil, optimizer.trustRatio != nil)
  }
}

extension ConfigurationSource {
  /// The keys that make the kind of an optimizer.
  private static let kindKeys = ["name", "learningRate", "trustRatio"]

  /// Keys of `over` replace those of `base`; sections are merged, lists are replaced.
  ///
  /// Where that makes the optimizer one of another kind, the settings of `base` that had the standard values of the old
  /// kind are left out, so that they get those of the new one. A configuration in a run folder names every setting: over
  /// it, `optimizer.learningRate=30` or `optimizer.name=adam` means what it means over a preset.
  package static func layer(_ over: Node, on base: Node) -> Node {
    let base = CheckpointInterval.replaced(in: base, by: over)
    let merged = merge(base, over)
    // Of another name, the optimizer may not have the learning rate or the trust ratio that is still there.
    guard let old = optimizer(of: base),
      let new = optimizer(of: merged, keys: kindKeys) ?? optimizer(of: merged, keys: ["name"]),
      OptimizerKind(old) != OptimizerKind(new)
    else { return merged }
    return merge(withoutStandards(base, old), over)
  }

  /// The optimizer that a tree describes, by some of its keys alone where they are given; nil where it is none.
  private static func optimizer(of tree: Node, keys: [String]? = nil) -> OptimizerConfiguration? {
    guard case .mapping(let section)? = tree["optimizer"] else { return OptimizerConfiguration() }
    let pairs = section.filter { key, _ in keys?.contains(key.string ?? "") ?? true }
    return try? YAMLDecoder().decode(OptimizerConfiguration.self, from: Node(pairs.map { ($0.key, $0.value) }))
  }

  private static func withoutStandards(_ base: Node, _ optimizer: OptimizerConfiguration) -> Node {
    guard case .mapping(var tree) = base else { return base }
    if case .mapping(let section)? = tree["optimizer"], let own = encoded(optimizer) {
      // A learning rate is standard where the name and the trust ratio alone give it.
      let ofName = Self.optimizer(of: base, keys: ["name", "trustRatio"]).flatMap(encoded)
      let ofKind = Self.optimizer(of: base, keys: kindKeys).flatMap(encoded)
      let kept = section.filter { key, _ in
        guard let name = key.string, name != "name" else { return true }
        let standard = name == "learningRate" ? ofName?[name] : name == "trustRatio" ? Node("false") : ofKind?[name]
        return own[name]?.string != standard?.string
      }
      tree["optimizer"] = Node(kept.map { ($0.key, $0.value) })
    }
    if case .mapping(var schedule)? = tree["schedule"],
      schedule["name"]?.string == ScheduleConfiguration(standardFor: optimizer).name.rawValue
    {
      schedule["name"] = nil
      tree["schedule"] = .mapping(schedule)
    }
    return .mapping(tree)
  }

  private static func encoded(_ optimizer: OptimizerConfiguration) -> Node? {
    guard let text = try? YAMLEncoder().encode(optimizer) else { return nil }
    return try? Yams.compose(yaml: text)
  }
}
