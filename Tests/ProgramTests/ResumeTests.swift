import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Runs that are cut off and go on.
  @Suite(.serialized) struct ResumeTests {
    struct Case: CustomTestStringConvertible {
      let signal: String
      let ranks: Int?
      var command = ["train"]
      let settings: [String]

      var testDescription: String { "\(signal), \(ranks ?? 1) ranks, \(command) \(settings)" }
    }

    static let cases = [
      Case(signal: "KILL", ranks: nil, settings: ["training.epochs=40"]),
      Case(
        signal: "KILL", ranks: 3,
        settings: ["training.epochs=40", "optimizer.curvatureEvery=4", "training.lastBatch=drop"]),
      Case(
        signal: "USR1", ranks: 2,
        settings: [
          "training.epochs=100", "optimizer.name=adam", "data.validation=200", "training.stopEarly={patience: 60}",
          "network=[{dense: 16}, {residual: [batchNorm, tanh, {dropout: 0.8}, {dense: 16}]}, {dense: 10}]",
        ]),
      Case(
        signal: "USR1", ranks: 3,
        settings: [
          "training.epochs=40", "training.precision=float64", "optimizer.trustRatio={every: 2}",
          "training.lastBatch=keep",
        ]),
      Case(
        signal: "USR1", ranks: 2,
        settings: [
          "training.epochs=100", "optimizer.partition=unit", "optimizer.curvatureEvery=3",
          "network=[{dense: 16}, batchNorm, tanh, {dropout: 0.8}, {dense: 10}]",
        ]),
      Case(
        signal: "USR1", ranks: 2, command: ["reweight", "--preset", "noisy-digits-reweight"],
        settings: ["training.epochs=15", "reweight.cycles=2", "reweight.compare=false"]),
      Case(
        signal: "KILL", ranks: nil, command: ["reweight", "--preset", "teacher-student"],
        settings: ["training.epochs=40", "reweight.compare=false"]),
    ]

    @Test(arguments: cases) func `a run that is broken off again and again ends with the bits of one that is not`(
      one: Case
    ) throws {
      let runs = try BrokenRuns(one.command, one.settings)
      try runs.unbroken(ranks: one.ranks)
      // mpirun takes seconds to end where its ranks have not ended well.
      let times = one.ranks == nil ? 10 : 2
      let codes = try runs.breakOff(one.signal, times: times, ranks: one.ranks)
      let code = one.signal == "KILL" ? 137 : 75
      // On a machine that is busy with other things a signal may come when the run is over.
      #expect(codes.first == code && codes.count == times && codes.allSatisfy { [code, 0].contains($0) })
      let run = try runs.finish(ranks: one.ranks)
      #expect(run.exitCode == 0 && (run.errors.isEmpty || codes.contains(0)), "\(run.errors)")
      let (broken, unbroken) = (try runs.results("broken"), try runs.results("unbroken"))
      #expect(broken.keys == unbroken.keys && broken.count >= 4)
      for (file, content) in unbroken { #expect(broken[file] == content, "\(file)") }
      let manifest = try runs.manifest("broken")
      #expect(manifest.status == .finished && manifest.resumptions?.count ?? 0 >= codes.count { $0 == code })
      let steps = manifest.resumptions?.map(\.step) ?? []
      #expect(steps == steps.sorted() && steps.first ?? 0 > 0)
      // That other bits would be seen.
      let other = try ProgramRun.run(
        program, one.command + ["--name", "other"] + runs.settings + ["--set", "training.seed=2"], ranks: one.ranks,
        in: runs.folder.path)
      #expect(other.exitCode == 0)
      #expect(try runs.results("other")["model"] != unbroken["model"])
    }

    @Test func `a reproducible run goes on with the same bits on other numbers of ranks, any run goes on`() throws {
      for (reproducible, partition) in [(true, "weight"), (false, "weight"), (true, "unit"), (false, "unit")] {
        let runs = try BrokenRuns(
          ["train"],
          [
            "training.epochs=60", "training.reproducible=\(reproducible)", "optimizer.partition=\(partition)",
            "optimizer.curvatureEvery=7", "reduction=\(partition == "unit" ? "node" : "auto")",
          ].filter { !reproducible || !$0.hasPrefix("reduction") })
        try runs.unbroken(ranks: nil)
        if reproducible { #expect(try runs.breakOff("USR1", times: 1, ranks: 3) == [75]) }
        #expect(try runs.breakOff("USR1", times: 1, ranks: nil) == [75])
        #expect(try runs.finish(ranks: 2).exitCode == 0)
        let (broken, unbroken) = (try runs.results("broken"), try runs.results("unbroken"))
        #expect(broken["model"]?.count == unbroken["model"]?.count)
        if reproducible { #expect(broken == unbroken) }
        #expect(try runs.manifest("broken").resumptions?.map(\.ranks) == (reproducible ? [1, 2] : [2]))
      }
    }

    private func train(_ arguments: [String], ranks: Int? = nil, in folder: ScratchFolder) throws -> ProgramRun {
      try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
    }

    @Test func `a finished run says so, and more epochs go on with it`() throws {
      let folder = try ScratchFolder()
      let run = try train(["--name", "a", "--set", "training.epochs=2", "--json"], in: folder)
      #expect(run.exitCode == 0)
      for words in [["--resume", "runs/a"], ["--name", "a", "--resume", "auto", "--set", "training.epochs=2"]] {
        let again = try train(words + ["--json"], ranks: 2, in: folder)
        #expect(again.exitCode == 0 && again.output == run.output)
        #expect(again.errors == "rp-dist: runs/a is finished already; more training.epochs would go on with it")
      }
      let more = try train(["--resume", "runs/a", "--set", "training.epochs=3"], in: folder)
      #expect(more.exitCode == 0 && more.output.contains("45 steps in"), "\(more.output)")
      #expect(
        more.errors.contains("schedule linear depends on the steps of the whole training: from here on its rates are"))
      let metrics = try String(contentsOfFile: folder.path + "/runs/a/metrics.jsonl", encoding: .utf8)
      #expect(metrics.split(separator: "\n").count == 3)
      let fewer = try train(["--resume", "runs/a", "--set", "training.epochs=2"], in: folder)
      #expect(fewer.exitCode == 64 && fewer.errors.contains("training.epochs (was 3, is 2)"), "\(fewer.errors)")
    }

    @Test func `settings that would make it another training are refused by name, unless forced`() throws {
      let folder = try ScratchFolder()
      let settings = ["--set", "training.epochs=2", "--set", "optimizer.name=adam"]
      #expect(try train(["--name", "a"] + settings, in: folder).exitCode == 0)
      func resume(_ more: [String], _ words: [String] = []) throws -> ProgramRun {
        try train(
          ["--resume", "runs/a", "--set", "training.epochs=4"] + more.flatMap { ["--set", $0] } + words, in: folder)
      }
      let refused = try resume(["optimizer.learningRate=0.5", "training.batch=50", "run.keep=1"])
      #expect(refused.exitCode == 64)
      #expect(refused.errors.contains("optimizer.learningRate (was 0.001, is 0.5), training.batch (was 100, is 50);"))
      #expect(!refused.errors.contains("run.keep") && refused.errors.contains("--force"))
      let other = try resume(["data.set=gates"], ["--force"])
      #expect([64, 65].contains(other.exitCode), "\(other.errors)")
      let shape = try resume(["optimizer.name=sgd"], ["--force"])
      #expect(shape.exitCode == 64 && shape.errors.contains("which these settings do not"), "\(shape.errors)")
      #expect(try resume(["training.threads=2", "training.checkReplicas=7", "reduction=mpi"]).exitCode == 0)
      let forced = try train(
        ["--resume", "runs/a", "--force", "--set", "training.epochs=5", "--set", "optimizer.learningRate=0.5"],
        in: folder)
      #expect(forced.exitCode == 0 && forced.errors.contains("the run goes on with other settings"), "\(forced.errors)")
      let weights = try ProgramRun.run(
        program, ["reweight", "--resume", "runs/a", "--force", "--set", "data.validation=200"], in: folder.path)
      #expect([64, 65].contains(weights.exitCode), "\(weights.errors)")
    }

    @Test func `damaged checkpoints are named and passed over; without a whole one a run is refused, or starts`() throws
    {
      let folder = try ScratchFolder()
      let settings = ["--set", "training.epochs=2", "--set", "run.checkpointEvery={steps: 4}", "--set", "run.keep=2"]
      #expect(try train(["--name", "whole"] + settings, in: folder).exitCode == 0)
      let run = folder.path + "/runs/whole/checkpoints"
      #expect(try FileManager.default.contentsOfDirectory(atPath: run).sorted() == ["lock", "step-28", "step-30"])
      let model = try Data(contentsOf: URL(fileURLWithPath: run + "/step-30/model.safetensors"))
      // Cut off while the last checkpoint was written, with half a line of metrics.
      try Data("{}".utf8).write(to: URL(fileURLWithPath: run + "/step-30/state.json"))
      try FileManager.default.removeItem(atPath: folder.path + "/runs/whole/manifest.json")
      let line = try FileHandle(forUpdating: URL(fileURLWithPath: folder.path + "/runs/whole/metrics.jsonl"))
      try line.seekToEnd()
      try line.write(contentsOf: Data("{\"epoch\":".utf8))
      let resumed = try train(["--resume", "runs/whole"], ranks: 2, in: folder)
      #expect(resumed.exitCode == 0)
      #expect(resumed.errors.contains("step-30: state.json has not the bytes that DONE promises"), "\(resumed.errors)")
      #expect(resumed.errors.split(separator: "\n").count == 1)
      let metrics = try String(contentsOfFile: folder.path + "/runs/whole/metrics.jsonl", encoding: .utf8)
      #expect(metrics.split(separator: "\n").count == 2 && metrics.hasSuffix("}\n"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/step-30/model.safetensors")).count == model.count)

      for step in [28, 30] { try FileManager.default.removeItem(atPath: run + "/step-\(step)/DONE") }
      try FileManager.default.removeItem(atPath: folder.path + "/runs/whole/manifest.json")
      let refused = try train(["--resume", "runs/whole"], in: folder)
      #expect(refused.exitCode == 66 && refused.errors.contains("has no complete checkpoint"), "\(refused.errors)")
      let anew = try train(["--name", "whole", "--resume", "auto"] + settings, in: folder)
      #expect(anew.exitCode == 0 && anew.errors.split(separator: "\n").count == 2, "\(anew.errors)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/step-30/model.safetensors")) == model)
    }

    @Test(
      arguments: [
        (["--resume", "runs/none"], 66, "runs/none does not exist"), (["--resume", "auto"], 64, "add --name"),
        (["--resume", "runs/x", "--name", "y"], 64, "leave out --name"),
        (["--force"], 64, "--force belongs to --resume"),
        (["--resume", "."], 66, "is not a run folder"),
        (["--set", "run.checkpointEvery={seconds: 0}"], 64, "it must be above 0"),
        (["--set", "run.checkpointEvery={steps: 1, epochs: 1}"], 64, "write off or one of {seconds: 300}"),
        (["--set", "run.checkpointEvery={minutes: 1}"], 64, "minutes"), (["--set", "run.keep=0"], 64, "run.keep is 0"),
        (["check", "resume", "--steps", "1"], 64, "at least 2"),
      ] as [([String], Int32, String)])
    func `what cannot be resumed is said in one sentence`(words: [String], code: Int32, sentence: String) throws {
      let run = try train(words, in: try ScratchFolder())
      #expect(run.exitCode == code && run.errors.contains(sentence), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test func `a run that a live job is writing is refused`() throws {
      let folder = try ScratchFolder()
      let script = """
        '\(program)' --name a --set training.epochs=1000000 >/dev/null 2>&1 &
        job=$!
        while [ ! -s runs/a/metrics.jsonl ]; do sleep 0.02; done
        '\(program)' --resume runs/a; echo $?
        kill -KILL $job; wait $job
        '\(program)' --name a --resume auto --force --set training.epochs=1 >/dev/null 2>&1; echo $?
        """
      let run = try ProgramRun.run("/bin/sh", ["-c", script], in: folder.path)
      #expect(run.output.split(separator: "\n").suffix(2) == ["73", "0"], "\(run.output)")
      #expect(run.errors.contains("runs/a: a live job is writing this run (host "), "\(run.errors)")
    }

    @Test(arguments: ["INT", "TERM", "USR2"])
    func `without a launcher a signal ends a run after a checkpoint`(signal: String) throws {
      let folder = try ScratchFolder()
      let script = """
        set -m
        '\(program)' --name a --set training.epochs=1000000 >/dev/null 2>errors &
        job=$!
        while [ ! -s runs/a/metrics.jsonl ]; do sleep 0.02; done
        kill -\(signal) $job; wait $job; echo $?; cat errors
        """
      let run = try ProgramRun.run("/bin/bash", ["-c", script], in: folder.path)
      let lines = run.output.split(separator: "\n")
      try #require(lines.count == 2 && lines[0] == "75", "\(run.output) \(run.errors)")
      #expect(lines[1].hasPrefix("rp-dist: stopped after a checkpoint at step "))
      #expect(lines[1].hasSuffix("continue with --resume runs/a"))
      #expect(
        try String(contentsOfFile: folder.path + "/runs/a/manifest.json", encoding: .utf8).contains("\"stopped\""))
    }

    @Test func `names are looked for where runs are made`() throws {
      let folder = try ScratchFolder()
      let place = ["--set", "run.folder=other place"]
      #expect(try train(["--name", "a", "--set", "training.epochs=1"] + place, in: folder).exitCode == 0)
      let more = try train(["--resume", "a", "--set", "training.epochs=2"] + place, in: folder)
      #expect(more.exitCode == 0 && more.output.contains("run: other place/a\n"), "\(more.errors)")
      let checked = try train(["check", "gradient", "--run", "a"] + place, in: folder)
      #expect(checked.exitCode == 0, "\(checked.errors)")
      for words in [["evaluate", "a"], ["--resume", "a"]] {
        let missing = try train(words, in: folder)
        #expect(missing.exitCode == 66 && missing.errors == "rp-dist: a does not exist, and neither does runs/a")
      }
      // A folder of that name is meant before a run, where it is one.
      try FileManager.default.createDirectory(atPath: folder.path + "/a", withIntermediateDirectories: true)
      #expect(try train(["--resume", "a"] + place, in: folder).errors.contains("other place/a is finished already"))
    }

    @Test func `a second ^C ends a run at once`() throws {
      // One of its steps would take minutes: a forward pass over all samples for each of 30,000 weights.
      let settings = [
        "training.gradient=finiteDifference", "optimizer.name=sgd", "training.batch=2000",
        "network=[{dense: 400}, tanh, {dense: 10}]",
      ]
      let script = """
        set -m
        '\(program)' --name a \(settings.map { "--set '\($0)'" }.joined(separator: " ")) >/dev/null 2>&1 &
        job=$!
        while [ ! -e runs/a/metrics.jsonl ]; do sleep 0.02; done
        kill -INT $job; sleep 0.3; kill -0 $job && echo on; kill -INT $job; wait $job; echo $?
        """
      let folder = try ScratchFolder()
      let run = try ProgramRun.run("/bin/bash", ["-c", script], in: folder.path)
      #expect(run.output == "on\n130\n", "\(run.output) \(run.errors)")
    }

    @Test func `a checkpoint that cannot be written ends the run, and the one before is good`() throws {
      let folder = try ScratchFolder()
      let arguments = ["--name", "a", "--set", "network=[{dense: 400}, tanh, {dense: 10}]"]
      let first = try train(arguments + ["--set", "training.epochs=1"], in: folder)
      #expect(first.exitCode == 0)
      // The model fits into the limit, in blocks of 512 bytes; the averages do not.
      let script = "ulimit -f 400; exec '\(program)' --resume runs/a --set training.epochs=2"
      let full = try ProgramRun.run("/bin/sh", ["-c", script], in: folder.path)
      #expect(full.exitCode == 74, "\(full.errors)")
      #expect(full.errors.contains("step-30: the checkpoint cannot be written: File too large"), "\(full.errors)")
      #expect(full.errors.contains("that of step 15 is as it was"))
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs/a/checkpoints").sorted()
      #expect(left == ["lock", "step-15"])
      #expect(try train(["--resume", "runs/a", "--set", "training.epochs=2"], in: folder).exitCode == 0)
    }

    @Test func `check resume compares trainings with and without a break`() throws {
      let folder = try ScratchFolder()
      for (ranks, settings, rows) in [
        (nil, [], 1), (3, ["optimizer.name=adam"], 2), (3, ["training.reproducible=true"], 8),
        (2, ["reweight={levels: 3, unlabelled: 500}", "data.validation=200"], 2),
      ] as [(Int?, [String], Int)] {
        let run = try train(
          ["check", "resume", "--json"] + settings.flatMap { ["--set", $0] }, ranks: ranks, in: folder)
        #expect(run.exitCode == 0, "\(run.errors)")
        struct Found: Decodable {
          struct Row: Decodable { var tensors: Int, difference: String? }
          var comparisons: [Row]
        }
        let found = try JSONDecoder().decode(Found.self, from: Data(run.output.utf8))
        #expect(
          found.comparisons.count == rows && found.comparisons.allSatisfy { $0.tensors > 10 && $0.difference == nil })
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      #expect(try train(["check", "resume"], in: folder).output.hasSuffix("the same bits as without a break\n"))
    }

    @Test(arguments: [1, 2, 3, 4]) func `ranks that share memory hand out and take back every bit`(ranks: Int) throws {
      let run = try ProgramRun.run(rankChecks, ["state"], ranks: ranks, in: "/tmp")
      #expect(run.exitCode == 0 && run.output == "ok\n", "\(run.errors)")
    }
  }
}
