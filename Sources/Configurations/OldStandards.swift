internal import RunRecords
package import Yams

/// The values that settings had in runs that left them out, before the standards of these settings changed.
///
/// `format` in `config.yml` of a run and in `state.json` of a checkpoint says which standards were in effect; files
/// without it have format 1. A run is resumed and used with its own standards. A file that a user wrote has today's
/// standards, whatever its format.
///
/// To change a standard, add one line to ``all`` and, after a release, raise `CheckpointState.presentFormat`.
package enum OldStandards {
  /// The keys, in sections that every configuration has, with their values up to and including a format; where an optimizer
  /// is named, in its section, of a network or of a student, if it has that name or none.
  private static let all: [(upTo: Int, key: String, value: String, optimizer: String?)] = [
    (upTo: 1, key: "training.lastBatch", value: "keep", optimizer: nil),
    (upTo: 2, key: "optimizer.partition", value: "weight", optimizer: "residualPartitioning"),
    (upTo: 2, key: "optimizer.lengths", value: "found", optimizer: "residualPartitioning"),
    (upTo: 2, key: "reweight.student.optimizer.partition", value: "weight", optimizer: "residualPartitioning"),
    (upTo: 2, key: "reweight.student.optimizer.lengths", value: "found", optimizer: "residualPartitioning"),
  ]

  static let formatKey = "format"
  static let presentFormat = CheckpointState.presentFormat

  /// `key=value` for each setting whose standard has changed: its value in a run.
  ///
  /// - Parameters:
  ///   - tree: the settings that the run names.
  ///   - format: the format of these settings.
  package static func settings(of tree: Node, format: Int) -> [String] {
    func value(_ path: [String]) -> Node? {
      path.reduce(tree) { node, name in node?[name] }.flatMap { ConfigurationSource.isEmpty($0) ? nil : $0 }
    }
    return all.compactMap { standard in
      let path = standard.key.split(separator: ".").map(String.init)
      let section = Array(path.dropLast())
      if let optimizer = standard.optimizer {
        guard section.count == 1 || value(section) != nil, value(section + ["name"])?.string ?? optimizer == optimizer
        else { return nil }
      }
      let named = value(path)?.string
      return (named ?? (format <= standard.upTo ? standard.value : nil)).map { "\(standard.key)=\($0)" }
    }
  }

  /// Separates the format from the settings of a file.
  ///
  /// - Throws: ``ConfigurationError`` for a format that is not known.
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

/// Settings that have been renamed. Users' files, `--set` and old runs may still use the old names; the program writes
/// the new ones.
enum OldNames {
  /// The renamed keys that stay in their section.
  static let all: [(section: String, old: String, new: String)] = [
    (section: "training", old: "blasThreads", new: "threads")
  ]

  /// The same settings under their new names.
  ///
  /// - Parameter source: where the settings were given, for messages.
  /// - Throws: ``ConfigurationError`` if a setting has different values under its two names.
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
