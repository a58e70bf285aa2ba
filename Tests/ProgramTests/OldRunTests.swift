import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Runs that were made before `config.yml` had a format go on, and are judged, by the standards of their time.
  ///
  /// `Tests/fixtures/format-1` holds a run of 4 epochs that was stopped in its second, 300 samples after its start; the
  /// manifest of the same run without a break; and a finished run of 2 epochs. Batches of 100 of 1,438 samples: the last
  /// one of an epoch has 38.
  @Suite(.serialized) struct OldRunTests {
    private static let fixtures = ProgramRun.project.path + "/Tests/fixtures/format-1"

    /// The settings of the runs, as their user wrote them.
    private static let written = """
      network: [{dense: 8}, tanh, {dense: 10}]
      optimizer: {name: adam, learningRate: 0.01}
      training: {epochs: 4}
      """

    private let folder: ScratchFolder

    init() throws {
      folder = try ScratchFolder()
      try FileManager.default.createDirectory(atPath: folder.path + "/runs", withIntermediateDirectories: true)
      _ = try folder.write(Self.written.utf8, to: "my.yml")
    }

    /// A copy of a run of before.
    private func copy(_ run: String, as name: String) throws {
      try FileManager.default.copyItem(atPath: Self.fixtures + "/" + run, toPath: folder.path + "/runs/" + name)
    }

    private func run(_ arguments: [String], ranks: Int? = nil) throws -> ProgramRun {
      try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
    }

    private func manifest(_ path: String) throws -> Manifest {
      try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: path + "/manifest.json")))
    }

    private func result(_ name: String) throws -> Manifest { try manifest(folder.path + "/runs/" + name) }

    @Test func `a stopped one goes on with the batches that it had, whoever names its settings`() throws {
      // The same settings, with the old standard written out and left out.
      let ways: [(name: String, words: [String])] = [
        ("named", ["--resume", "runs/named"]),
        ("automatic", ["my.yml", "--name", "automatic", "--resume", "auto"]),
        ("explicit", ["my.yml", "--name", "explicit", "--resume", "auto", "--set", "training.lastBatch=keep"]),
      ]
      var hashes: Set<String?> = []
      for (name, words) in ways {
        try copy("stopped", as: name)
        let run = try run(words)
        #expect(run.exitCode == 0, "\(run.errors)")
        hashes.insert(try result(name).parametersSHA256)
        let settings = try String(contentsOfFile: folder.path + "/runs/\(name)/config.yml", encoding: .utf8)
        #expect(settings.hasPrefix("format: 3\n") && settings.contains("lastBatch: keep"))
      }
      #expect(hashes.count == 1 && hashes.first != .some(nil))
      // And again, now that the run's settings are of today's format.
      for words in [["my.yml", "--name", "named", "--resume", "auto"], ["--resume", "runs/named"]] {
        let more = try run(words + ["--set", "training.epochs=5"])
        #expect(more.exitCode == 0, "\(more.errors)")
      }

      // As the program of before ended it. On other processors sums are rounded differently: 42 steps in Float change
      // the loss by less than 1e-4, other batches by a hundred times as much.
      let unbroken = try #require(try manifest(Self.fixtures + "/unbroken").result?.testLoss)
      let resumed = try #require(try result("automatic").result?.testLoss)
      #expect(abs(resumed - unbroken) <= 1e-4)
      #expect(try run(["my.yml", "--name", "new"]).exitCode == 0)
      let new = try #require(try result("new").result?.testLoss)
      #expect(abs(new - unbroken) > 1e-3)
    }

    @Test func `its threads, which had another name, are free, and are written by the new one`() throws {
      for (name, setting) in [("old", "training.blasThreads=2"), ("new", "training.threads=2")] {
        try copy("stopped", as: name)
        #expect(try result(name).libraries.threads == 1)
        let run = try run(["--resume", "runs/\(name)", "--set", setting])
        // The fixture was made on a processor with AVX2.
        let complaints = run.errors.split(separator: "\n").filter { !$0.contains("the run goes on with loops for") }
        #expect(run.exitCode == 0 && complaints.isEmpty, "\(run.errors)")
        #expect(try result(name).status == .finished)
        let folder = folder.path + "/runs/\(name)"
        for file in ["config.yml", "manifest.json", "checkpoints/step-60/state.json"] {
          let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
          #expect(text.contains("threads") && !text.contains("blasThreads"), "\(text)")
        }
        let settings = try String(contentsOfFile: folder + "/config.yml", encoding: .utf8)
        #expect(settings.contains("  threads: 2\n"))
      }
    }

    @Test func `ranks agree on its standards, and others are refused by name`() throws {
      try copy("stopped", as: "a")
      let other = try run(["--resume", "runs/a", "--set", "training.lastBatch=spread"])
      #expect(
        other.exitCode == 64 && other.errors.contains("training.lastBatch (was keep, is spread)"), "\(other.errors)")
      let forced = try run(["--resume", "runs/a", "--set", "training.lastBatch=spread", "--force"])
      #expect(forced.exitCode == 64 && forced.errors.contains("does not fit the settings"), "\(forced.errors)")
      let three = try run(["my.yml", "--name", "a", "--resume", "auto"], ranks: 3)
      #expect(three.exitCode == 0, "\(three.errors)")
    }

    @Test func `a finished one is judged as it was, and goes on`() throws {
      try copy("finished", as: "a")
      struct Judged: Decodable { var testLoss: Double }
      let recorded = try #require(try result("a").result?.testLoss)
      for path in ["runs/a", "runs/a/checkpoints/step-30"] {
        let judged = try run(["evaluate", path, "--json"])
        try #require(judged.exitCode == 0, "\(judged.errors)")
        // 359 losses of the same Float weights: sums of up to 64 products, each rounded to 6e-8.
        let loss = try JSONDecoder().decode(Judged.self, from: Data(judged.output.utf8)).testLoss
        #expect(abs(loss - recorded) <= 1e-5 * recorded)
      }
      #expect(try run(["--resume", "runs/a", "--set", "training.epochs=3"]).exitCode == 0)
      let printed = try run(["--resume", "runs/a", "--print-config"])
      #expect(printed.output.hasPrefix("format: 3\n") && printed.output.contains("lastBatch: keep"))
      // As a file of the user's it has the standards of today.
      let text = try String(contentsOfFile: Self.fixtures + "/finished/config.yml", encoding: .utf8)
      _ = try folder.write(text.utf8, to: "old.yml")
      #expect(try run(["train", "old.yml", "--print-config"]).output.contains("lastBatch: spread"))
    }
  }
}
