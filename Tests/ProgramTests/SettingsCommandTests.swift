import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist settings`: what people are told of the configuration's keys.
  @Suite(.serialized) struct SettingsCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func settings(_ words: [String], ranks: Int? = nil) throws -> ProgramRun {
      try ProgramRun.run(program, ["settings"] + words, ranks: ranks, in: folder.path)
    }

    @Test func `the document of all settings is the one of the project`() throws {
      let run = try settings(["--markdown"])
      #expect(run.exitCode == 0)
      #expect(try run.output == String(contentsOfFile: ProgramRun.project.path + "/docs/settings.md", encoding: .utf8))
    }

    @Test func `a key, a section and all of them`() throws {
      #expect(
        try settings(["training.batch"]).output == """
          training.batch
              The samples of one step, over all ranks together.
              Whole number, 1 to 1000000000. Default: 100.

          """)
      let section = try settings(["regularization"]).output
      #expect(section.hasPrefix("regularization  (M2)\n") && section.contains("\n\nregularization.l1  (M2)\n"))
      let all = try settings([]).output
      #expect(all.hasPrefix("data\n") && all.contains("\n\nregularization.l1  (M2)\n"))
      for line in all.split(separator: "\n") { #expect(line.count <= 80) }
    }

    @Test(arguments: [nil, 2] as [Int?]) func `an unknown key is answered with the nearest`(ranks: Int?) throws {
      let run = try settings(["trainig.batch"], ranks: ranks)
      #expect(run.exitCode == 64 && run.output.isEmpty)
      #expect(
        run.errors.hasPrefix("rp-dist: unknown setting 'trainig.batch'; did you mean 'training.batch'?")
          && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(try settings(["training.batch", "--markdown"]).exitCode == 64)
    }
  }
}
