private import Yams

extension Configuration {
  /// The configuration as YAML with its format and every key in effect, as it is kept in a run folder. The run's name is left
  /// out: it is the folder's name, and a run of the same file needs another.
  public func yaml() throws -> String {
    var nameless = self
    nameless.run.name = nil
    let text = try YAMLEncoder().encode(nameless)
    guard let tree = try Yams.compose(yaml: text) else { return text }
    return "\(OldStandards.formatKey): \(OldStandards.presentFormat)\n" + (try Yams.serialize(node: Self.tidied(tree)))
  }

  /// The same tree with numbers as a person writes them: 300 and 0.01 where the encoder writes 3e+2 and 1e-2.
  private static func tidied(_ node: Node) -> Node {
    switch node {
    case .mapping(let mapping):
      return Node(mapping.map { ($0.key, tidied($0.value)) }, .implicit, mapping.count == 1 ? mapping.style : .block)
    case .sequence(let sequence):
      return Node(sequence.map(tidied), .implicit, sequence.style)
    case .scalar(let scalar):
      guard node.tag == Tag(.float), let value = Double(scalar.string) else { return node }
      let text = "\(value)"
      return Node(text.hasSuffix(".0") ? String(text.dropLast(2)) : text, .implicit, .plain)
    default:
      return node
    }
  }
}
