import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Every wrong input ends every rank with one sentence and its exit code, and leaves no run behind.
  @Suite(.serialized) struct BadInputTests {
    /// Under the launcher many at a time: where ranks fail it waits for seconds, and works for a fraction of one.
    @Test(arguments: [nil, 3])
    func `bad input gets one sentence and an exit code`(ranks: Int?) throws {
      for outcome in try concurrently(BadInput.all, { try Outcome(of: $0, ranks: ranks) }) {
        let (bad, run) = (outcome.bad, outcome.run)
        let what: Comment = "\(bad.name): \(run.errors)"
        #expect(!run.timedOut, what)
        #expect(run.exitCode == bad.exitCode, what)
        #expect(run.errors.split(separator: "\n").count == 1, what)
        for words in bad.says { #expect(run.errors.contains(words), what) }
        #expect(!run.output.contains("test accuracy"), what)
        #expect(outcome.left == outcome.given, "\(bad.name): nothing may be left behind")
      }
    }

    /// What a wrong call did.
    private struct Outcome {
      let bad: BadInput
      let run: ProgramRun
      /// The files of the case's folder before and after.
      let given: [String]
      let left: [String]

      init(of bad: BadInput, ranks: Int?) throws {
        self.bad = bad
        let folder = try ScratchFolder()
        let files = { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
        try bad.files(folder)
        given = try files()
        let arguments = bad.arguments.split(separator: " ").map {
          String($0.replacing("DIR", with: folder.path).replacing("␣", with: " "))
        }
        run = try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path, timeout: 60)
        left = try files()
      }
    }

    @Test(arguments: [1, 3]) func `a diverging run says at which step and keeps the last good model`(ranks: Int) throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "optimizer.learningRate=1e30", "--set", "regularization.l2=0", "--set",
          "network=[{dense: 16}, softplus, {dense: 10}]", "--name",
          "d",
        ], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      #expect(try /.*diverged: the loss is not finite at step \d+ of 600.*/.wholeMatch(in: run.errors) != nil)
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/d/model.safetensors")
      #expect(model.tensors.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
      let manifest = try String(contentsOfFile: folder.path + "/runs/d/manifest.json", encoding: .utf8)
      #expect(manifest.contains("\"diverged\""))
      let judged = try ProgramRun.run(program, ["evaluate", "runs/d", "--json"], in: folder.path)
      #expect(judged.exitCode == 0, "\(judged.errors)")
    }

    @Test(arguments: [1, 3]) func `a validation loss that is not finite is a divergence too`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "data.validation=100", "--set", "training.batch=100000", "--set",
          "optimizer={name: sgd, learningRate: 1e30}", "--set", "network=[{dense: 16}, softplus, {dense: 10}]", "--set",
          "training.epochs=3", "--name", "d",
        ], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      #expect(run.errors.contains("diverged: the loss is not finite at step 1 of 3"), "\(run.errors)")
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/d/model.safetensors")
      #expect(model.tensors.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
      #expect(try String(contentsOfFile: folder.path + "/runs/d/metrics.jsonl", encoding: .utf8).isEmpty)
    }

    /// Runs the program on 3 ranks, the last of which gets other arguments.
    private func withStray(_ arguments: String, stray: String, in folder: ScratchFolder) throws -> ProgramRun {
      let script = try folder.write(
        """
        #!/bin/sh
        if [ "$OMPI_COMM_WORLD_RANK" = 2 ]; then exec '\(program)' \(stray); else exec '\(program)' \(arguments); fi
        """.utf8, to: "stray.sh")
      return try ProgramRun.run("/bin/sh", [script], ranks: 3, in: folder.path, timeout: 30)
    }

    @Test func `a rank with other settings or other data ends the job with a sentence, not with a hang`() throws {
      let folder = try ScratchFolder()
      let settings = try withStray("--name a", stray: "--name a --set training.epochs=3", in: folder)
      #expect(settings.exitCode == 65 && !settings.timedOut)
      #expect(settings.errors.contains("the settings of rank 2 differ from those of rank 0"), "\(settings.errors)")

      for (file, shift) in [("one.csv", 0), ("two.csv", 1)] {
        let rows = (0..<60).map { "\($0 + shift),\(60 - $0),\($0 % 2)" }
        _ = try folder.write(rows.joined(separator: "\n").utf8, to: file)
      }
      let common = "--set data.set=csv --set 'network=[{dense: 2}]' --set run.folder=out --data"
      try FileManager.default.copyItem(atPath: folder.path + "/one.csv", toPath: folder.path + "/data.csv")
      // The same data in another place is welcome.
      let moved = try withStray("\(common) data.csv", stray: "\(common) one.csv", in: folder)
      #expect(moved.exitCode == 0, "\(moved.errors)")
      // The same path that leads to other data is not.
      _ = try folder.write(Data(contentsOf: URL(fileURLWithPath: folder.path + "/two.csv")), to: "there/data.csv")
      let script = try folder.write(
        "[ $OMPI_COMM_WORLD_RANK = 2 ] && cd there; exec '\(program)' \(common) data.csv".utf8, to: "elsewhere.sh")
      let elsewhere = try ProgramRun.run("/bin/sh", [script], ranks: 3, in: folder.path, timeout: 30)
      #expect(elsewhere.exitCode == 65 && !elsewhere.timedOut)
      #expect(elsewhere.errors.contains("the data of rank 2 differ from those of rank 0"), "\(elsewhere.errors)")
    }

    @Test(arguments: [
      ("check gradient", "check gradient --coordinates 5"), ("check gradient", "check gradient --samples 5"),
      ("check gradient --set 'network=[{dense: 10}]'", "check gradient --set 'network=[{dense: 10}]' --all"),
      ("check bound", "check bound --bound full"), ("check bound --steps 7", "check bound"),
      ("check bound", "check gradient"), ("check replicas", "check replicas --steps 3"),
      ("check replicas", "--name a"), ("compare --optimizers adam", "compare --optimizers sgd"),
      ("compare --optimizers adam", "compare --optimizers adam --seeds 1"),
      ("compare --optimizers adam", "compare --optimizers adam --budget time"),
      ("compare --optimizers adam", "compare --optimizers adam --out records.json"),
    ])
    func `a rank with another command or other options ends the job with a sentence`(words: String, stray: String)
      throws
    {
      let run = try withStray(words, stray: stray, in: try ScratchFolder())
      #expect(run.exitCode == 65 && !run.timedOut)
      #expect(run.errors.contains("the command and options of rank 2 differ from those of rank 0"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty)
    }

    @Test func `a rank whose command line cannot be understood ends the job with a sentence`() throws {
      let run = try withStray("check gradient", stray: "check gradient --bogus", in: try ScratchFolder())
      #expect(run.exitCode == 64 && !run.timedOut)
      #expect(run.errors.contains("rank 2: Unknown option '--bogus'"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty)
    }

    @Test func `an output that takes nothing ends the run with exit code 74, and a deaf error stream changes no code`()
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        "/bin/sh", ["-c", "exec '\(program)' --name full --set training.epochs=1 > /dev/full"], in: folder.path)
      #expect(run.exitCode == 74)
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      let deaf = try ProgramRun.run("/bin/sh", ["-c", "exec '\(program)' --bogus 2> /dev/full"], in: folder.path)
      #expect(deaf.exitCode == 64)
    }

    @Test func `an existing run folder is refused and stays as it is`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write("mine".utf8, to: "runs/taken/note")
      let run = try ProgramRun.run(program, ["--name", "taken"], ranks: 3, in: folder.path)
      #expect(run.exitCode == 73)
      #expect(run.errors.contains("runs/taken: this run folder exists already"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs/taken") == ["note"])
    }
  }
}
