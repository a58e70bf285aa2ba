import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// What `evaluate` judges: finished runs, stopped ones, checkpoints.
  @Suite(.serialized) struct EvaluateTests {
    private func train(_ arguments: [String], ranks: Int? = nil, in folder: ScratchFolder) throws -> ProgramRun {
      try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
    }

    @Test func `a run that was stopped is judged by its newest checkpoint, and found by its name`() throws {
      let folder = try ScratchFolder()
      let script = """
        set -m
        '\(program)' --name a --set training.epochs=1000000 --set 'run.checkpointEvery={steps: 50}' >/dev/null 2>&1 &
        job=$!
        while [ ! -e runs/a/checkpoints/step-200 ]; do sleep 0.02; done
        kill -KILL $job
        """
      _ = try ProgramRun.run("/bin/bash", ["-c", script], in: folder.path)
      let checkpoints = folder.path + "/runs/a/checkpoints"
      let steps = try FileManager.default.contentsOfDirectory(atPath: checkpoints)
        .compactMap { $0.hasPrefix("step-") ? Int($0.dropFirst(5)) : nil }.sorted()
      let newest = try #require(steps.last)
      let alone = try train(["evaluate", "runs/a/checkpoints/step-\(newest)"], in: folder)
      for ranks in [nil, 2] {
        for run in ["a", "runs/a", folder.path + "/runs/a"] {
          let judged = try train(["evaluate", run], ranks: ranks, in: folder)
          let place = run.hasSuffix("runs/a") ? run : "runs/a"
          #expect(judged.exitCode == 0, "\(judged.errors)")
          #expect(judged.output == "checkpoint: \(place)/checkpoints/step-\(newest)\n" + alone.output)
        }
      }
      // What is damaged is passed over.
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(checkpoints)/step-\(newest)/model.safetensors"))
      let older = try train(["evaluate", "a", "--json"], in: folder)
      #expect(older.output.contains("step-\(steps[steps.count - 2])\""), "\(older.output) \(older.errors)")
    }

    @Test func `a finished run is judged by its model, and one that goes on by what it has`() throws {
      let folder = try ScratchFolder()
      #expect(try train(["--name", "a", "--set", "training.epochs=2"], in: folder).exitCode == 0)
      let judged = try train(["evaluate", "a", "--json"], in: folder)
      #expect(judged.output.contains("\"checkpoint\":null"), "\(judged.output) \(judged.errors)")
      // It is stopped while it goes on: the model of before is older than the checkpoint.
      let script = """
        set -m
        '\(program)' --resume a --set training.epochs=1000000 >/dev/null 2>&1 &
        job=$!
        while [ "$(wc -l <runs/a/metrics.jsonl)" -lt 20 ]; do sleep 0.02; done
        kill -TERM $job; wait $job; echo $?
        """
      #expect(try ProgramRun.run("/bin/bash", ["-c", script], in: folder.path).output == "75\n")
      let stopped = try train(["evaluate", "a"], in: folder)
      #expect(stopped.exitCode == 0 && stopped.output.hasPrefix("checkpoint: runs/a/checkpoints/step-"))
    }

    @Test func `a checkpoint is a model that evaluate judges and Python opens`() throws {
      let folder = try ScratchFolder()
      let run = try train(["--name", "a", "--set", "training.epochs=2", "--json"], in: folder)
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      struct Judged: Decodable { var testLoss, testAccuracy: Double }
      let judged = try train(["evaluate", "runs/a/checkpoints/step-30", "--json"], in: folder)
      let again = try JSONDecoder().decode(Judged.self, from: Data(judged.output.utf8))
      #expect(again.testLoss == result.testLoss && again.testAccuracy == result.testAccuracy)
      let sums = try ProgramRun.run(
        "/bin/sh", ["-c", "cd runs/a/checkpoints/step-30 && sha256sum -c DONE"], in: folder.path)
      #expect(sums.exitCode == 0 && sums.output.split(separator: "\n").count == 3)
      let python = try #require(ProcessInfo.processInfo.environment["RP_DIST_TEST_PYTHON"])
      let names = try ProgramRun.run(
        python,
        [
          "-c",
          "from safetensors.numpy import load_file as f\n"
            + "for n in 'model', 'optimizer': print(len(f(f'runs/a/checkpoints/step-30/{n}.safetensors')))",
        ], in: folder.path)
      #expect(names.output == "6\n29\n", "\(names.output) \(names.errors)")
    }
  }
}
