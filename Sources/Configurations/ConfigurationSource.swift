private import Foundation
private import Networks
public import Optimizers
package import Yams

/// The sources of a configuration: a preset, then a file that overrides it, then single settings that override both.
public struct ConfigurationSource: Sendable {
  public var preset: Preset
  /// A YAML file.
  public var file: String?
  /// `--data` and `--name`.
  public var data: String?
  public var name: String?
  /// `key=value` pairs with dotted keys and YAML values, applied from left to right.
  public var settings: [String]
  /// `training.threads` if none of these sources names it: the user's own default, such as `OPENBLAS_NUM_THREADS`.
  public var threads: Int?
  /// `key=value` pairs that all these sources override: the old values of changed standards, for a run that is resumed
  /// or used.
  public var standards: [String] = []
  /// The optimizers that the configuration can name; optimizers of other modules can be added.
  public var optimizers = OptimizerKind.allCases

  public init(
    preset: Preset, file: String? = nil, data: String? = nil, name: String? = nil, settings: [String] = [],
    threads: Int? = nil
  ) {
    (self.preset, self.file, self.data, self.name, self.settings) = (preset, file, data, name, settings)
    self.threads = threads
  }

  /// The checked configuration.
  ///
  /// - Throws: ``ConfigurationError`` for anything that cannot be used, ``UnreadableFile`` for a file that cannot be
  ///   read.
  public func configuration() throws -> Configuration {
    let configuration = try merged()
    try configuration.check()
    return configuration
  }

  /// All settings as YAML, for a file of their own; the path of the data may still be missing.
  ///
  /// - Throws: see ``configuration()``.
  public func yaml() throws -> String {
    let configuration = try merged()
    var checked = configuration
    if !checked.data.set.isBuiltIn, checked.data.path == nil { checked.data.path = "." }
    try checked.check()
    return try configuration.yaml()
  }

  /// `run.folder`, the folder with the runs that are called by name; the other settings need not be valid.
  ///
  /// - Throws: see ``configuration()``, for sources that cannot be read.
  public func runFolder() throws -> String {
    let standard = RunConfiguration().folder
    guard let folder = try tree()["run"]?["folder"]?.string, !folder.isEmpty else { return standard }
    return folder
  }

  package func merged() throws -> Configuration { try Self.decode(try tree(), among: optimizers) }

  /// All sources merged, each over the ones before.
  private func tree() throws -> Node {
    func layer(_ over: Node, on base: Node) -> Node { Self.layer(over, on: base, among: optimizers) }
    var tree = layer(
      try Self.compose(preset.yaml, name: "preset \(preset.name)").tree, on: try Self.applied(standards))
    if let threads, tree["training"]?["threads"] == nil {
      tree = Self.set(tree, ["training", "threads"], to: Node("\(threads)"))
    }
    if let file {
      guard let bytes = FileManager.default.contents(atPath: file) else { throw UnreadableFile(path: file) }
      guard let text = String(data: bytes, encoding: .utf8) else {
        throw ConfigurationError("\(file) is not a YAML file: it is not UTF-8 text")
      }
      tree = layer(try Self.compose(text, name: file).tree, on: tree)
    }
    var changes = Self.empty
    if let data { changes = Self.set(changes, ["data", "path"], to: Node(data)) }
    if let name { changes = Self.set(changes, ["run", "name"], to: Node(name)) }
    changes = try OldNames.replaced(in: try Self.applied(settings, to: changes), from: "--set")
    return layer(changes, on: tree)
  }

  /// The settings in a file, and its format.
  package static func compose(_ text: String, name: String) throws -> (tree: Node, format: Int) {
    do {
      let node = try Yams.compose(yaml: text) ?? empty
      if case .mapping = node {
        var room = Self.mostValues
        try checkKeys(node, name: name, room: &room)
        let (settings, format) = try OldStandards.taken(from: node, name: name)
        let tree = try OldNames.replaced(in: settings, from: name)
        return (LabelNoiseConfiguration.writtenOut(ReductionConfiguration.writtenOut(tree)), format)
      }
      if case .scalar(let scalar) = node, scalar.string.isEmpty { return (empty, 1) }
      throw ConfigurationError("\(name) is not a configuration: expected sections such as 'training:' with keys below")
    } catch let error as YamlError {
      let what = "\(error)".split(separator: "\n").joined(separator: " ")
      throw ConfigurationError("\(name) is not valid YAML: \(what.prefix(300))")
    }
  }

  /// A limit, because aliases of aliases can stand for more values than the machine's memory can hold.
  private static let mostValues = 100_000

  /// Checks that every key is a plain name; YAML's merge key and lists as keys would be ignored without a message.
  ///
  /// - Parameter room: the number of values that are still allowed.
  private static func checkKeys(_ node: Node, name: String, room: inout Int) throws(ConfigurationError) {
    room -= 1
    guard room >= 0 else {
      throw ConfigurationError("\(name) has more than \(mostValues) values, those of its aliases counted; write fewer")
    }
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key, scalar.string != "<<" else {
          let line = key.mark.map { ", line \($0.line)" } ?? ""
          throw ConfigurationError("\(name)\(line): a key must be a plain name; write merged sections out")
        }
        try checkKeys(value, name: name, room: &room)
      }
    case .sequence(let sequence):
      for item in sequence { try checkKeys(item, name: name, room: &room) }
    default:
      break
    }
  }

  /// Keys of `over` replace those of `base`; sections are merged, lists are replaced.
  static func merge(_ base: Node, _ over: Node) -> Node {
    // A key without a value changes nothing.
    if isEmpty(over) { return base }
    guard case .mapping(var result) = base, case .mapping(let changes) = over else { return over }
    for (key, value) in changes {
      result[key] = result[key].map { merge($0, value) } ?? value
    }
    return .mapping(result)
  }

  /// Whether a key has no value: `key:`, `key: ~` or `key: null`, unquoted.
  static func isEmpty(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  private static func set(_ tree: Node, _ path: [String], to value: Node) -> Node {
    merge(tree, path.reversed().reduce(value) { Node([(Node($1), $0)]) })
  }

  private static var empty: Node { .mapping(Node.Mapping([])) }

  /// A tree with `key=value` pairs applied to it, from left to right.
  package static func applied(_ settings: [String], to tree: Node = empty) throws -> Node {
    try settings.reduce(tree) { tree, setting in try apply(setting, to: tree) }
  }

  private static func apply(_ setting: String, to tree: Node) throws -> Node {
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw ConfigurationError("--set \(setting): write key=value, for example --set training.epochs=5")
    }
    let path = setting[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let text = String(setting[setting.index(after: equals)...])
    do {
      let value = try Yams.compose(yaml: text) ?? Node("", .implicit, .plain)
      let change = LabelNoiseConfiguration.writtenOut(set(Node.mapping(Node.Mapping([])), path, to: value))
      return ReductionConfiguration.writtenOut(merge(tree, change))
    } catch {
      throw ConfigurationError("--set \(setting): '\(text)' is not a YAML value")
    }
  }

  package static func decode(_ tree: Node, among optimizers: [OptimizerKind] = OptimizerKind.allCases) throws
    -> Configuration
  {
    do {
      return try YAMLDecoder().decode(Configuration.self, from: tree, userInfo: [.optimizers: optimizers])
    } catch let error as DecodingError {
      throw ConfigurationError(describe(error, in: tree))
    }
  }

  /// One sentence with the key's path, the expected value and the given value.
  private static func describe(_ error: DecodingError, in tree: Node) -> String {
    func path(_ keys: [any CodingKey]) -> String {
      let text = keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
      return text.hasPrefix(".") ? String(text.dropFirst()) : text
    }
    func place(_ keys: [any CodingKey]) -> String { keys.isEmpty ? "configuration" : path(keys) }
    func found(_ keys: [any CodingKey]) -> String {
      var node: Node? = tree
      for key in keys { node = key.intValue.map { index in node.flatMap { $0[index] } } ?? node?[key.stringValue] }
      switch node {
      case .scalar(let scalar)?: return "'\(scalar.string)'"
      case .mapping?: return "a section with keys"
      case .sequence?: return "a list"
      default: return "nothing"
      }
    }
    switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(place(context.codingPath)): expected \(kind(of: type)), found \(found(context.codingPath))"
    case .keyNotFound(let key, let context):
      return "\(place(context.codingPath + [key])) is missing"
    case .dataCorrupted(let context):
      return "\(place(context.codingPath)): \(context.debugDescription)"
    @unknown default:
      return "\(error)"
    }
  }

  private static func kind(of type: Any.Type) -> String {
    switch type {
    case is Int.Type: "a whole number"
    case is Double.Type: "a number"
    case is Bool.Type: "true or false"
    case is String.Type: "text"
    case is Node.Scalar.Type: "a single value"
    case is Node.Sequence.Type: "a list"
    case is [LayerConfiguration].Type, is [Any].Type: "a list"
    default: "a section with keys, or another kind of value"
    }
  }
}
