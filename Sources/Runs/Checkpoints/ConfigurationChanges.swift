internal import Configurations
private import Yams

extension Configuration {
  /// One setting that is not what it was.
  struct Change: Equatable {
    /// With points, as for `--set`.
    let key: String
    let old: String
    let new: String
  }

  /// What may be other when a run goes on: where things are, how often it is looked at them, and how the work is shared out.
  private static let free = [
    "run", "compare", "data.path", "data.test", "reweight.compare", "training.checkReplicas",
    "training.threads", "reduction.method", "reduction.pieceBytes",
  ]

  /// The settings that make the rest of a run another training than it was. More epochs are none of them.
  ///
  /// - Throws: what encoding them throws.
  func changes(from old: Configuration) throws -> [Change] {
    let (before, after) = (try old.leaves(), try leaves())
    return Set(before.keys).union(after.keys).sorted().compactMap { key in
      guard before[key] != after[key], !Self.free.contains(where: { key == $0 || key.hasPrefix($0 + ".") }) else {
        return nil
      }
      // Cycles that are over would have had fewer epochs than the others.
      if key == "training.epochs", training.epochs > old.training.epochs, weightCycles == 1 { return nil }
      return Change(key: key, old: before[key] ?? "left out", new: after[key] ?? "left out")
    }
  }

  /// All settings by their keys; a list is one of them.
  private func leaves() throws -> [String: String] {
    var leaves: [String: String] = [:]
    func add(_ node: Node, _ key: String) throws {
      switch node {
      case .mapping(let mapping):
        for (name, value) in mapping { try add(value, (key.isEmpty ? "" : key + ".") + (name.string ?? "")) }
      case .scalar(let scalar): leaves[key] = scalar.string
      default: leaves[key] = try Yams.serialize(node: node).replacing("\n", with: " ")
      }
    }
    if let tree = try Yams.compose(yaml: try yaml()) { try add(tree, "") }
    return leaves
  }
}
