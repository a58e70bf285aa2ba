import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist doctor` finds on a command line what `train` and `reweight` would end with before their first step.
  @Suite(.serialized) struct DoctorRehearsalTests {
    private struct Report: Decodable {
      struct Problem: Decodable { var severity, problem, remedy: String }
      var problems: [Problem]
    }

    /// The wrong calls of the two commands, as calls of doctor.
    private static let wrongRuns: [(bad: BadInput, arguments: [String])] = BadInput.all.compactMap { bad in
      var words = bad.arguments.split(separator: " ").map(String.init)
      let command = words.first.flatMap { $0.hasPrefix("--") ? nil : $0 } ?? "train"
      guard ["train", "reweight"].contains(command), !words.contains("--print-config") else { return nil }
      if words.first == command { words.removeFirst() }
      return (bad, ["doctor", "--json"] + (command == "reweight" ? ["--reweight"] : []) + words)
    }

    @Test(arguments: [nil, 3]) func `what ends a run at once is a problem in the run's own words`(ranks: Int?) throws {
      #expect(Self.wrongRuns.count > 60)
      let outcomes = try concurrently(Self.wrongRuns) { wrong in
        let folder = try ScratchFolder()
        try wrong.bad.files(folder)
        let given = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let arguments = wrong.arguments.map { $0.replacing("DIR", with: folder.path).replacing("␣", with: " ") }
        let run = try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path, timeout: 60)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return (wrong.bad, run, given == left)
      }
      for (bad, run, isClean) in outcomes {
        let what: Comment = "\(bad.name): \(run.errors) \(run.output.suffix(2000))"
        // A command line or a configuration that is none leaves nothing to examine.
        #expect([1, bad.exitCode].contains(run.exitCode), what)
        var said = run.errors
        if run.exitCode == 1, let report = try? JSONDecoder().decode(Report.self, from: Data(run.output.utf8)) {
          said = report.problems.filter { $0.severity == "failure" }.map { "\($0.problem); \($0.remedy)" }
            .joined(separator: "\n")
        }
        for words in bad.says { #expect(said.contains(words), what) }
        #expect(isClean, "\(bad.name): nothing may be left behind")
      }
    }

    @Test(arguments: [nil, 3])
    func `a run folder that is taken, and a checkpoint that does not fit, are found, and nothing changes`(ranks: Int?)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, short + ["--name", "a", "--set", "run.checkpointEvery={steps: 10}"], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0)
      // As if it had been killed before its end.
      try FileManager.default.removeItem(atPath: folder.path + "/runs/a/checkpoints/step-30")
      let manifest = folder.path + "/runs/a/manifest.json"
      let text = try String(contentsOfFile: manifest, encoding: .utf8)
      try text.replacing(#""status" : "finished""#, with: #""status" : "running""#)
        .write(toFile: manifest, atomically: true, encoding: .utf8)
      let before = try ProgramRun.run("/bin/sh", ["-c", "find . -type f | sort | xargs sha256sum"], in: folder.path)
        .output

      func found(_ arguments: [String]) throws -> (problems: [String], code: Int32) {
        let run = try ProgramRun.run(program, ["doctor", "--json"] + arguments, ranks: ranks, in: folder.path)
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        return (report.problems.filter { $0.severity == "failure" }.map(\.problem), run.exitCode)
      }
      let taken = try found(short + ["--name", "a"])
      #expect(taken.code == 1 && taken.problems == ["runs/a: this run folder exists already"], "\(taken)")
      let resumed = try found(short + ["--name", "a", "--resume", "auto"])
      #expect(resumed.code == 0 && resumed.problems.isEmpty, "\(resumed)")
      let changed = try found(["--resume", "runs/a", "--set", "optimizer.name=adam"])
      #expect(changed.code == 1 && changed.problems.count == 1 && changed.problems[0].contains("optimizer.name"))
      let forced = try found(
        ["--resume", "runs/a", "--force", "--set", "network=[{dense: 20}, tanh, {dense: 10}]"])
      #expect(
        forced.code == 1 && forced.problems.count == 1 && forced.problems[0].contains("does not fit"), "\(forced)")
      let none = try ProgramRun.run(program, ["doctor", "--resume", "runs/b"], ranks: ranks, in: folder.path)
      #expect(none.exitCode == 66 && none.errors.contains("runs/b"), "\(none.errors)")
      let after = try ProgramRun.run("/bin/sh", ["-c", "find . -type f | sort | xargs sha256sum"], in: folder.path)
        .output
      #expect(before == after)
    }
  }
}
