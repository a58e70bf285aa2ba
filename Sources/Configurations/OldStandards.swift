internal import RunRecords
package import Yams

/// What settings meant to runs that left them out, before their standards changed.
///
/// `config.yml` of a run and `state.json` of a checkpoint say by `format` which standards they were written under; those
/// without it are of format 1. A run goes on, and is used, under its own standards. A file of the user's has those of
/// today, whatever its format.
///
/// A standard changes by one line in ``all`` and, after a release, a higher `CheckpointState.presentFormat`.
package enum OldStandards {
  /// The keys, of sections that every configuration has, with their values up to a format.
  private static let all: [(upTo: Int, key: String, value: String)] = [
    (upTo: 1, key: "training.lastBatch", value: "keep")
  ]

  static let formatKey = "format"
  static let presentFormat = CheckpointState.presentFormat

  /// `key=value`, for each setting whose standard has changed: what it means to a run.
  ///
  /// - Parameters:
  ///   - tree: the settings that the run names.
  ///   - format: of these.
  package static func settings(of tree: Node, format: Int) -> [String] {
    all.compactMap { standard in
      let path = standard.key.split(separator: ".").map(String.init)
      let named = path.reduce(tree) { node, name in node?[name] }.flatMap {
        ConfigurationSource.isEmpty($0) ? nil : $0.string
      }
      return (named ?? (format <= standard.upTo ? standard.value : nil)).map { "\(standard.key)=\($0)" }
    }
  }

  /// A file without its format, and this.
  ///
  /// - Throws: ``ConfigurationError`` for one that is not known.
  static func taken(from tree: Node, name: String) throws(ConfigurationError) -> (tree: Node, format: Int) {
    guard case .mapping(var settings) = tree, let node = settings[Node(formatKey)] else { return (tree, 1) }
    settings[Node(formatKey)] = nil
    if ConfigurationSource.isEmpty(node) { return (.mapping(settings), 1) }
    guard let format = node.scalar.flatMap({ Int($0.string) }), format >= 1 else {
      throw ConfigurationError(
        "\(name): format is \(node.scalar.map { "'\($0.string)'" } ?? "no number"); it must be a whole number from 1 to "
          + "\(presentFormat), or be left out")
    }
    guard format <= presentFormat else {
      throw ConfigurationError(
        "\(name) has format \(format) and was made by a newer rp-dist; this one knows formats up to \(presentFormat)")
    }
    return (.mapping(settings), format)
  }
}

/// Settings that had other names before: files of the user's, `--set` and old runs may go on using these, and what is
/// written has the new ones.
enum OldNames {
  /// Of keys that stay in their section.
  static let all: [(section: String, old: String, new: String)] = [
    (section: "training", old: "blasThreads", new: "threads")
  ]

  /// The same settings under their new names.
  ///
  /// - Parameter source: where the settings were given, for messages.
  /// - Throws: ``ConfigurationError`` where a setting has another value under each of its names.
  static func replaced(in tree: Node, from source: String) throws(ConfigurationError) -> Node {
    var tree = tree
    for name in all {
      guard case .mapping(var section)? = tree[name.section], let old = section[name.old] else { continue }
      section[Node(name.old)] = nil
      if let new = section[name.new], !ConfigurationSource.isEmpty(new), !ConfigurationSource.isEmpty(old) {
        try require(
          new == old,
          "\(source): \(name.section).\(name.old) is the old name of \(name.section).\(name.new), and the two have "
            + "different values; leave \(name.section).\(name.old) out")
      } else if !ConfigurationSource.isEmpty(old) {
        section[Node(name.new)] = old
      }
      tree[name.section] = .mapping(section)
    }
    return tree
  }
}
