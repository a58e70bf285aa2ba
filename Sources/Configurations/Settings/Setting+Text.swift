private import Optimizers

extension Setting {
  /// The description of a setting for users: key and formula, then below them meaning, values and default.
  public var text: String {
    var lines = [words.meaning]
    if !isSection || section != nil {
      var facts = "\(values). Default: \(standard())."
      if let optimizers { facts += " Belongs to \(optimizers.map(\.rawValue).joined(separator: ", "))." }
      if let oldName { facts += " Its old name is \(oldName)." }
      lines.append(facts)
    }
    return key + (words.formula.map { "  \($0)" } ?? "") + lines.map { "\n" + Self.wrapped($0, indent: 4) }.joined()
  }

  /// The type and the allowed values.
  private var values: String {
    let kind = words.kind == .name ? "one of" : words.kind.rawValue
    let range = range
    return kind.prefix(1).uppercased() + kind.dropFirst()
      + (range.isEmpty ? "" : (words.kind == .name ? " " : ", ") + range)
  }

  /// A text in lines of at most `width` characters that begin with spaces. The first line contains a name, if there is
  /// enough space.
  static func wrapped(_ text: String, indent: Int, name: String = "", width: Int = 78) -> String {
    let space = String(repeating: " ", count: indent)
    var result = name.count < indent ? name + space.dropFirst(name.count) : name + "\n" + space
    var column = indent
    for word in text.split(separator: " ") {
      let count = word.count
      if column > indent, column + 1 + count > width {
        result += "\n" + space
        column = indent
      }
      if column > indent { result += " " }
      result += word
      column += (column > indent ? 1 : 0) + count
    }
    return result
  }
}

/// The lists in the help of commands.
extension Setting {
  /// Sections with the names of their keys and, if these are short, the values.
  ///
  /// - Parameter omitted: sections that are left out.
  public static func briefly(without omitted: [String]) -> String {
    let indent = 18
    func row(_ name: String, _ text: String) -> String { wrapped(text, indent: indent, name: "  " + name) }
    return all.filter { $0.section == nil && !omitted.contains($0.key) }.flatMap { section -> [String] in
      guard section.isSection else { return [row(section.name, section.range)] }
      let own = section.children.filter { $0.optimizers != nil }
      let common = section.children.filter { $0.optimizers == nil }.map(\.brief).joined(separator: ", ")
      guard !own.isEmpty else { return [row(section.name, common)] }
      return [row(section.name, common + ", and for")]
        + OptimizerConfiguration.Name.allCases.compactMap { name in
          let keys = own.filter { $0.optimizers?.contains(name) == true }.map(\.brief).joined(separator: ", ")
          return keys.isEmpty ? nil : row("  " + name.rawValue, keys)
        }
    }.joined(separator: "\n")
  }

  /// The keys of a section with their meanings.
  public static func meanings(of section: String) -> String {
    let settings = all.first { $0.key == section }?.children ?? []
    let indent = 4 + (settings.map(\.name.count).max() ?? 0)
    return settings.map { setting in
      // The sentence as a part of another sentence.
      let meaning = setting.words.meaning.dropLast()
      let text = meaning.prefix(1).lowercased() + meaning.dropFirst()
      return wrapped(
        setting.words.kind == .name || setting.isSection ? "\(setting.range): \(text)" : text, indent: indent,
        name: "  " + setting.name)
    }.joined(separator: "\n")
  }

  /// The name and, if the values are names or keys, the values.
  private var brief: String {
    if words.range == "the keys" { return "\(name) \(range)" }
    return words.kind == .name || isSection ? "\(name) (\(range))" : name
  }
}
