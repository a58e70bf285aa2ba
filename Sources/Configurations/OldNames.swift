internal import Yams

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
