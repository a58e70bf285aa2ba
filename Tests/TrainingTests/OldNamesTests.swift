import Configurations
import Runs
import TestSupport
import Testing

/// Settings that had other names before are read under these too, and written under the new ones.
struct OldNamesTests {
  /// The threads of the standard preset with a file and settings over it, as if the user's default were 7.
  private func threads(file text: String? = nil, _ settings: [String] = []) throws -> Int {
    let folder = try ScratchFolder()
    let file = try text.map { try folder.write($0.utf8, to: "my.yml") }
    return try ConfigurationSource(preset: .standard, file: file, settings: settings, threads: 7)
      .configuration().training.threads
  }

  @Test(
    arguments: [
      ("training: {blasThreads: 2}", [], 2),
      ("training: {threads: 2, blasThreads: 2}", [], 2),
      ("training: {threads: , blasThreads: 2}", [], 2),
      ("training: {threads: 2, blasThreads: }", [], 2),
      ("training: {blasThreads: }", [], 7),
      ("training: {blasThreads: 2}", ["training.threads=3"], 3),
      ("training: {threads: 2}", ["training.blasThreads=3"], 3),
      ("", ["training.blasThreads=3"], 3),
      ("", ["training={blasThreads: 3}"], 3),
      ("", ["training.blasThreads=3", "training.threads=3"], 3),
    ] as [(String, [String], Int)])
  func `a file and --set may go on using the old name`(file: String, settings: [String], count: Int) throws {
    #expect(try threads(file: file, settings) == count)
  }

  @Test(
    arguments: [
      ("training: {threads: 2, blasThreads: 3}", [], "my.yml: "),
      ("", ["training.blasThreads=2", "training.threads=3"], "--set: "),
      ("", ["training={threads: 2}", "training.blasThreads=3"], "--set: "),
    ] as [(String, [String], String)])
  func `both names with different values are refused`(file: String, settings: [String], source: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try threads(file: file, settings) }
    let sentence = "training.blasThreads is the old name of training.threads, and the two have different values"
    #expect(try #require(error).description.contains(source + sentence), "\(String(describing: error))")
  }

  @Test func `a wrong value is answered by the new name`() throws {
    let error = #expect(throws: ConfigurationError.self) { try threads(["training.blasThreads=many"]) }
    #expect(try #require(error).description == "training.threads: expected a whole number, found 'many'")
  }

  @Test func `a run's settings are read by the old name and written by the new one`() throws {
    let old = "format: 2\nnetwork: [{dense: 10}]\ntraining: {blasThreads: 5}\n"
    let settings = try ConfigurationSource.written(old, path: "config.yml")
    #expect(settings.training.threads == 5)
    let yaml = try settings.yaml()
    #expect(yaml.contains("  threads: 5\n") && !yaml.contains("blasThreads"))
  }
}
