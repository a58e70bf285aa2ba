import Foundation
import TestSupport
import Testing

/// What the documents promise to readers of the code: every label has its formula, every link its place.
@Suite struct DocumentTests {
  @Test func `every formula label that the code cites is defined in docs/mathematics.md`() throws {
    let formulas = try Document("docs/mathematics.md")
    let sources = try ["Sources", "Tests/TestSupport"].flatMap { folder in
      try FileManager.default.subpathsOfDirectory(atPath: Document.root + folder)
        .filter { [".swift", ".h", ".c", ".inc"].contains(where: $0.hasSuffix) }
        .map { name in try Document("\(folder)/\(name)") }
    }
    #expect(sources.count > 100)
    #expect(Set(sources.flatMap(\.citedLabels)).count > 20)
    let undefined = Document.undefinedLabels(of: sources, in: formulas)
    #expect(undefined.isEmpty, "\(undefined)")
  }

  @Test func `every formula has one definition, and so have the symbols of the three levels`() throws {
    let formulas = try Document("docs/mathematics.md")
    let labels = formulas.definedLabels
    #expect(!labels.isEmpty && labels.count == Set(labels).count, "\(labels)")
    for symbol in ["Ψ(W, V)", "κ"] {
      #expect(formulas.lines.contains { $0.hasPrefix("    \(symbol) = ") }, "\(symbol)")
    }
  }

  @Test func `labels alone, in lists and in ranges are cited`() {
    let text = """
      (M9) and (M1, M4); (M6–M8, M13); (M20-M22), (M25) to (M26), M12 in a sentence.
      EXPM1, M300, M1x, xM2, M_3 and M are none.
      """
    let labels = Document(path: "made up", text: text).citedLabels
    #expect(labels == [9, 1, 4, 6, 7, 8, 13, 20, 21, 22, 25, 26, 12])
  }

  @Test func `a definition begins an indented or a bold line`() {
    let formulas = Document(
      path: "formulas", text: "    (M1) z = y\n**(M2)** J\n(M3) begins a line of prose\n    see (M4)\n    (M5, M6)")
    #expect(formulas.definedLabels == [1, 2])
    let code = Document(path: "code", text: "/// (M1–M3)\n/// (M4)")
    #expect(Document.undefinedLabels(of: [code], in: formulas) == ["code: M3", "code: M4"])
  }

  @Test func `every relative link points at something that exists`() throws {
    let folder = try FileManager.default.contentsOfDirectory(atPath: Document.root + "docs").sorted()
    let paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + folder.map { "docs/" + $0 }
    let documents = try paths.filter { $0.hasSuffix(".md") }.map { try Document($0) }
    #expect(documents.flatMap(\.relativeLinks).count > 20)
    let broken = try documents.flatMap { try $0.brokenLinks() }
    #expect(broken.isEmpty, "\(broken)")
  }

  @Test func `a link to a missing file or heading is broken`() throws {
    let text = """
      [a](LICENSE), [b](docs/mathematics.md#8-symbols), [c](https://example.org/x), [d](#it-has-a-heading-sections-1)
      [e](docs/missing.md), [f](docs/mathematics.md#missing), [g](#missing)
      ## It has a *heading*, sections `1`
      """
    let document = Document(path: "README.md", text: text)
    #expect(document.relativeLinks.count == 6)
    #expect(
      try document.brokenLinks() == [
        "README.md: docs/missing.md", "README.md: docs/mathematics.md#missing", "README.md: #missing",
      ])
  }
}

/// A text file of the project.
private struct Document {
  static var root: String { ProgramRun.project.path + "/" }

  /// Within the project.
  let path: String
  let text: String

  init(path: String, text: String) { (self.path, self.text) = (path, text) }

  init(_ path: String) throws {
    self.init(path: path, text: try String(contentsOfFile: Self.root + path, encoding: .utf8))
  }

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// The numbers of the labels that the text cites, in order: M and one or two digits, ranges with all that lie between.
  var citedLabels: [Int] {
    let label = #/\bM([0-9]{1,2})\b(?:\)? ?(?:–|-|to) ?\(?M([0-9]{1,2})\b)?/#.wordBoundaryKind(.simple)
    return text.matches(of: label).flatMap { match -> [Int] in
      guard let first = Int(match.1) else { return [] }
      guard let last = match.2.flatMap({ Int($0) }), last >= first else { return [first] }
      return Array(first...last)
    }
  }

  /// The numbers of the labels with which an indented or a bold line begins, in order.
  var definedLabels: [Int] {
    let definition = #/(?: {4,}|\*\*)\(M([0-9]{1,2})\)/#
    return lines.compactMap { line in line.prefixMatch(of: definition).flatMap { Int($0.1) } }
  }

  /// Each label that a file cites and that has no definition.
  static func undefinedLabels(of sources: [Document], in formulas: Document) -> [String] {
    let defined = Set(formulas.definedLabels)
    return sources.flatMap { source in
      Set(source.citedLabels).subtracting(defined).sorted().map { "\(source.path): M\($0)" }
    }
  }

  /// The targets of links to files and headings of the project.
  var relativeLinks: [String] {
    text.matches(of: #/\]\(([^() ]+)\)/#).map { String($0.1) }.filter { !$0.contains("://") }
  }

  /// The links whose file, or heading in a document, does not exist.
  func brokenLinks() throws -> [String] {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return try relativeLinks.filter { link in
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let target = parts[0].isEmpty ? path : folder + String(parts[0])
      guard FileManager.default.fileExists(atPath: Self.root + target) else { return true }
      guard parts.count == 2 else { return false }
      let document = parts[0].isEmpty ? self : try Document(target)
      return !document.anchors.contains(String(parts[1]))
    }.map { "\(path): \($0)" }
  }

  /// What the headings are called in links: small letters, digits and hyphens.
  private var anchors: [String] {
    lines.compactMap { line in
      line.prefixMatch(of: #/[#]{1,6} /#).map { Self.anchor(of: line[$0.range.upperBound...]) }
    }
  }

  private static func anchor(of heading: Substring) -> String {
    heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.replacing(" ", with: "-")
  }
}
