internal import Configurations
private import Yams

extension Configuration {
  /// One setting whose value has changed.
  struct Change: Equatable {
    /// The key with dots, as for `--set`.
    let key: String
    let old: String
    let new: String
  }

  /// Settings that may change on resume: places of files, how often the run checks and saves its state, and how work is
  /// shared.
  private static let free = [
    "run", "compare", "data.path", "data.test", "reweight.compare", "training.checkReplicas",
    "training.threads", "reduction.method", "reduction.pieceBytes",
  ]

  /// The changed settings that make the rest of a run a different training. More epochs do not count.
  ///
  /// - Throws: the errors of encoding the settings.
  func changes(from old: Configuration) throws -> [Change] {
    let (before, after) = (try old.leaves(), try leaves())
    return Set(before.keys).union(after.keys).sorted().compactMap { key in
      guard before[key] != after[key], !Self.free.contains(where: { key == $0 || key.hasPrefix($0 + ".") }) else {
        return nil
      }
      // Completed cycles would have had fewer epochs than the others.
      if key == "training.epochs", training.epochs > old.training.epochs, weightCycles == 1 { return nil }
      return Change(key: key, old: before[key] ?? "left out", new: after[key] ?? "left out")
    }
  }

  /// All settings by their keys; a list counts as one setting.
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
