package import Optimizers
package import Yams

extension ConfigurationSource {
  /// The keys on which the standard values of other settings depend.
  private static func decisiveKeys(_ kinds: [OptimizerKind]) -> [String] {
    kinds.facts.filter(\.decidesStandards).map(\.key)
  }

  /// Whether the optimizer settings that are left out have the same standard values for both optimizers.
  private static func haveSameStandards(_ a: OptimizerConfiguration, _ b: OptimizerConfiguration) -> Bool {
    let standards = a.settings.standards(beside: a.learningRate)
    return (a.learningRate == nil) == (b.learningRate == nil)
      && standards.isEqual(to: b.settings.standards(beside: b.learningRate))
  }

  /// Keys of `over` replace those of `base`; sections are merged, lists are replaced.
  ///
  /// If this changes the optimizer's kind, the settings of `base` that had the standard values of the old kind are left
  /// out, so that they get the standard values of the new kind. A configuration in a run folder names every setting.
  /// With this rule, `optimizer.learningRate=30` or `optimizer.name=adam` means the same over such a file as over a
  /// preset.
  ///
  /// - Parameter kinds: the optimizers that a configuration can name.
  package static func layer(_ over: Node, on base: Node, among kinds: [OptimizerKind] = OptimizerKind.allCases) -> Node
  {
    let base = CheckpointInterval.replaced(in: base, by: over)
    let merged = merge(base, over)
    let kindKeys = ["name", "learningRate"] + decisiveKeys(kinds)
    // An optimizer with another name may not have the learning rate or the trust ratio that is still in the tree.
    guard let old = optimizer(of: base, among: kinds),
      let new = optimizer(of: merged, keys: kindKeys, among: kinds)
        ?? optimizer(of: merged, keys: ["name"], among: kinds),
      !haveSameStandards(old, new)
    else { return merged }
    return merge(withoutStandards(base, old, among: kinds), over)
  }

  /// The optimizer in a tree, from some of its keys alone if `keys` is given; nil if the tree does not describe an
  /// optimizer.
  private static func optimizer(
    of tree: Node, keys: [String]? = nil, among kinds: [OptimizerKind]
  ) -> OptimizerConfiguration? {
    guard case .mapping(let section)? = tree["optimizer"] else { return OptimizerConfiguration() }
    let pairs = section.filter { key, _ in keys?.contains(key.string ?? "") ?? true }
    return try? YAMLDecoder().decode(
      OptimizerConfiguration.self, from: Node(pairs.map { ($0.key, $0.value) }), userInfo: [.optimizers: kinds])
  }

  private static func withoutStandards(
    _ base: Node, _ optimizer: OptimizerConfiguration, among kinds: [OptimizerKind]
  ) -> Node {
    guard case .mapping(var tree) = base else { return base }
    let decisive = decisiveKeys(kinds)
    if case .mapping(let section)? = tree["optimizer"], let own = encoded(optimizer) {
      // A learning rate is standard if it follows from the name and from settings that decide standards, such as a
      // trust ratio.
      let ofName = Self.optimizer(of: base, keys: ["name"] + decisive, among: kinds).flatMap(encoded)
      let ofNameAlone = Self.optimizer(of: base, keys: ["name"], among: kinds).flatMap(encoded)
      let ofKind = Self.optimizer(of: base, keys: ["name", "learningRate"] + decisive, among: kinds).flatMap(encoded)
      let kept = section.filter { key, _ in
        guard let name = key.string, name != "name" else { return true }
        let standards = name == "learningRate" ? ofName : decisive.contains(name) ? ofNameAlone : ofKind
        let standard = standards?[name]
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
