import Configurations
import Foundation
import Optimizers
import RunRecords
import Runs
import TestSupport
import Testing

/// The one table of settings holds what is decoded and encoded, and what people are told.
struct SettingTests {
  /// A configuration of settings alone, without a preset.
  private func configuration(_ settings: [String]) throws -> Configuration {
    var tree = Section()
    for setting in ["network=[{dense: 10}]"] + settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      tree.set(parts[0].split(separator: ".").map(String.init)[...], to: String(parts[1]))
    }
    return try ConfigurationSource.written(
      "{format: \(CheckpointState.presentFormat), \(tree.yaml.dropFirst())", path: "settings")
  }

  /// A section of YAML in the making.
  private struct Section {
    var values: [(key: String, value: String)] = []
    var sections: [(key: String, value: Section)] = []

    mutating func set(_ path: ArraySlice<String>, to value: String) {
      guard let key = path.first else { return }
      guard path.count > 1 else {
        values.removeAll { $0.key == key }
        // A section of its own that is set as a whole makes room for its keys.
        return value == "{}" ? sections.append((key, Section())) : values.append((key, value))
      }
      values.removeAll { $0.key == key }
      var section = sections.first { $0.key == key }?.value ?? Section()
      section.set(path.dropFirst(), to: value)
      sections.removeAll { $0.key == key }
      sections.append((key, section))
    }

    var yaml: String {
      "{"
        + (values.map { "\($0.key): \($0.value)" } + sections.map { "\($0.key): \($0.value.yaml)" })
        .joined(separator: ", ") + "}"
    }
  }

  /// All keys with points of a configuration as it is written.
  private func written(_ configuration: Configuration) throws -> [String] {
    var path: [(indent: Int, name: String)] = []
    var keys: [String] = []
    for line in try configuration.yaml().split(separator: "\n") {
      guard let match = try /^( *)([A-Za-z0-9]+):/.prefixMatch(in: line) else { continue }
      let indent = match.1.count
      path.removeAll { $0.indent >= indent }
      path.append((indent, String(match.2)))
      keys.append(path.map(\.name).joined(separator: "."))
    }
    return keys.filter { $0 != "format" }
  }

  private static let sections = Setting.all.filter(\.isSection).map(\.key)

  @Test func `no key is there twice, and each has a meaning in a sentence`() {
    #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
    for setting in Setting.all {
      let text = setting.text
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
      #expect(Setting.markdown.contains("`\(setting.key)`") || Setting.markdown.contains("\n## \(setting.key)\n"))
      let sentences = text.replacing(/\s+/, with: " ")
      let facts = try? /\. (One of|Whole number|Number|True or false|Text|Path|List|Section)\b.*\.$/.firstMatch(
        in: sentences)
      #expect((facts != nil) == (setting.key.contains(".") || !setting.isSection) && text.hasSuffix("."), "\(text)")
    }
  }

  @Test(arguments: [""] + sections) func `decoding knows the keys of the table and no other`(section: String) throws {
    let prefix = section.isEmpty ? "" : section + "."
    let keys = Setting.all.map(\.key).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
      .filter { !$0.contains(".") }
    let wrong = (keys.min { $0.count < $1.count } ?? "") + "x"
    let error = #expect(throws: ConfigurationError.self) {
      try ConfigurationSource(preset: .standard, settings: ["\(prefix)\(wrong)=1"]).configuration()
    }
    let text = try #require(error).description
    #expect(text.contains("unknown key '\(wrong)'; did you mean '\(wrong.dropLast())'?"), "\(text)")
    #expect(text.hasSuffix("nown are: " + keys.joined(separator: ", ")), "\(text)")
  }

  @Test func `what is written is in the table, and all of the table can be written`() throws {
    let student =
      "reweight.student={network: [{dense: 10}], loss: squaredError, optimizer: {name: sgd}, blocks: layers}"
    let grids = OptimizerKind.allCases.map { "compare.learningRates.\($0.rawValue)=[1]" }
    var found: Set<String> = []
    for settings in [
      grids + ["data.labelNoise=on", "training.stopEarly={}", "training.stopEarly.patience=2", "data.validation=100"],
      [
        "data.set=csv", "data.path=p", "data.label=a", "data.header=true", "data.test=t", "data.shape=[64]",
      ],
      ["data.set=emnist", "data.path=p", "data.split=letters"], ["run.checkpointEvery={steps: 2}"],
      ["optimizer.trustRatio={every: 3}", "run.checkpointEvery={epochs: 2}"],
      ["reweight.levels=3", "reweight.unlabelled=10", student], ["reweight.cycles=1"],
    ] + OptimizerKind.allCases.map({ ["optimizer.name=\($0.rawValue)"] }) {
      let configuration = try configuration(settings)
      found.formUnion(try written(configuration))
    }
    let parts = ["reweight.student.optimizer.", "reweight.student.schedule."]
    let keys = found.filter { key in !parts.contains { key.hasPrefix($0) } }
    // The name is the folder's: it is not written.
    #expect(Set(Setting.all.map(\.key)).subtracting(keys) == ["run.name"])
    #expect(keys.subtracting(Setting.all.map(\.key)).isEmpty)
  }

  @Test func `optimizers that share a key say the same of it, but for its formulas`() {
    func facts<Kind: Optimizer>(_ kind: Kind.Type) -> [SettingFacts] { kind.settings.map(\.facts) }
    let all = OptimizerKind.allCases.flatMap { facts($0.type) }
    for facts in all {
      let others = all.filter { $0.key == facts.key }
      #expect(
        others.allSatisfy { $0.kind == facts.kind && $0.range == facts.range && $0.meaning == facts.meaning },
        "\(facts.key)")
    }
    #expect(all.count > Set(all.map(\.key)).count)
  }

  @Test(arguments: Setting.all.filter { !$0.standards.isEmpty && $0.key.contains(".") || $0.key == "loss" }.map(\.key))
  func `a default means what leaving the key out does`(key: String) throws {
    let setting = try #require(Setting.all.first { $0.key == key })
    for standard in setting.standards {
      let without = try configuration(standard.beside)
      #expect(try configuration(standard.beside + ["\(key)=\(standard.text)"]) == without, "\(standard)")
    }
  }

  @Test func `only keys that depend on data, files or other settings have no default`() {
    let none = Setting.all.filter { $0.standards.isEmpty && !$0.isSection }.map(\.key)
    let grids = OptimizerKind.allCases.map { "compare.learningRates.\($0.rawValue)" }
    #expect(
      none
        == ["data.path", "data.split", "data.label", "data.header", "data.test", "data.shape", "network", "run.name"]
        .sortedAsTable(
          with: grids + [
            "run.checkpointEvery.steps", "run.checkpointEvery.epochs", "reweight.cycles", "reweight.unlabelled",
            "reweight.student.network", "reweight.student.loss", "reweight.student.optimizer",
            "reweight.student.schedule",
            "reweight.student.blocks",
          ]))
  }

  @Test func `defaults that depend on other settings say so`() throws {
    func text(_ key: String) throws -> String { try #require(try Setting.named(key).first).text }
    let rate = try text("optimizer.learningRate").replacing(/\s+/, with: " ")
    #expect(
      rate.contains("Default: auto; 1 (with trustRatio); 0.01 (sgd, momentum); 0.001 (rmsprop, adam)."), "\(rate)")
    #expect(try text("schedule.name").contains("linear; constant (unless learningRate is auto)."))
    #expect(try text("reweight.pull").contains("Default: 0.5; 0 (with 3 levels)."))
    #expect(try text("run.checkpointEvery").replacing(/\s+/, with: " ").contains("Default: {seconds: 300}."))
  }

  @Test func `a setting is found by its key, its section, its last word and its old name`() throws {
    #expect(try Setting.named("training.batch").map(\.key) == ["training.batch"])
    #expect(try Setting.named("optimizer.trustRatio").count == 3)
    #expect(try Setting.named("epochs").map(\.key) == ["training.epochs", "run.checkpointEvery.epochs"])
    #expect(try Setting.named("training.blasThreads").map(\.key) == ["training.threads"])
    let error = #expect(throws: ConfigurationError.self) { try Setting.named("trainig.batch") }
    #expect(try #require(error).description.contains("'trainig.batch'; did you mean 'training.batch'?"))
  }

  @Test func `the list for the help has every key, on lines that fit`() {
    let list = Setting.briefly(without: [])
    for setting in Setting.all {
      let name = setting.key.split(separator: ".").last.map(String.init) ?? ""
      #expect(list.contains(name), "\(setting.key)")
    }
    let meanings = Setting.meanings(of: "reweight")
    for line in (list + "\n" + meanings).split(separator: "\n") { #expect(line.count <= 80 && line.hasPrefix("  ")) }
    #expect(meanings.contains("\n  cycles           how often the network is trained, each time anew\n"))
  }

  @Test func `the document is what the program writes`() throws {
    let file = ProgramRun.project.path + "/docs/settings.md"
    #expect(
      try String(contentsOfFile: file, encoding: .utf8) == Setting.markdown,
      "rp-dist settings --markdown > docs/settings.md")
  }
}

extension [String] {
  /// These keys and others, in the order of the table.
  fileprivate func sortedAsTable(with others: [String]) -> [String] {
    Setting.all.map(\.key).filter((self + others).contains)
  }
}
