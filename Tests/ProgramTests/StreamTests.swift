import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Standard streams that nobody reads, or that are not there.
  @Suite(.serialized) struct StreamTests {
    /// Runs a script with the program as `$1`; `$LAUNCH` starts two ranks.
    private func run(_ script: String, in folder: ScratchFolder) throws -> ProgramRun {
      try ProgramRun.run(
        "bash", ["-c", "LAUNCH='mpirun --oversubscribe -n 2'; " + script, "bash", program], in: folder.path,
        environment: ProgramRun.launcherEnvironment)
    }

    private func manifest(_ name: String, in folder: ScratchFolder) throws -> Manifest {
      let file = URL(fileURLWithPath: "\(folder.path)/runs/\(name)/manifest.json")
      return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
    }

    @Test(arguments: [
      "train --set training.epochs=400 --name run",
      "reweight --preset noisy-digits-reweight --set training.epochs=4 --set reweight.warmup=1 --name run",
    ])
    func `a run goes on when nobody reads its progress`(command: String) throws {
      let folder = try ScratchFolder()
      let run = try run("\"$1\" \(command) | head -n 1; echo ${PIPESTATUS[0]}", in: folder)
      #expect(run.output.hasPrefix("rp-dist 0.1.0: ") && run.output.hasSuffix("\n0\n"), "\(run.output)")
      #expect(run.errors.isEmpty, "\(run.errors)")
      let manifest = try manifest("run", in: folder)
      #expect(manifest.status == .finished && manifest.result != nil)
      let done = try ProgramRun.run(
        "sh", ["-c", "cd runs/run/checkpoints/step-*/ && sha256sum -c DONE"], in: folder.path)
      #expect(done.exitCode == 0, "\(done.errors)")
    }

    @Test func `a comparison goes on when nobody reads its table`() throws {
      let folder = try ScratchFolder()
      let command = "compare --optimizers adam --seeds 1,2 --set training.epochs=2 --out all.json"
      let run = try run("\"$1\" \(command) | head -n 1; echo ${PIPESTATUS[0]}", in: folder)
      #expect(run.output.hasSuffix("\n0\n") && run.errors.isEmpty, "\(run.output) \(run.errors)")
      let records = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/all.json"))
      #expect(try JSONDecoder().decode([[String: JSONValue]].self, from: records).count >= 2)
    }

    @Test(arguments: ["train", "compare --optimizers adam --seeds 1"])
    func `a result that cannot be written is an error, after the work`(command: String) throws {
      let folder = try ScratchFolder()
      let settings = "--set training.epochs=2 --json"
      for target in ["> >(exec true)", "> /dev/full", ">&-"] {
        let run = try run("sleep 0.1; \"$1\" \(command) \(settings) \(target); echo $? >&2", in: folder)
        #expect(
          run.errors.contains("rp-dist: cannot write to standard output") && run.errors.hasSuffix("\n74"),
          "\(target): \(run.errors)")
      }
      guard command == "train" else { return }
      let runs = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs")
      #expect(runs.count == 3)
      for name in runs { #expect(try manifest(name, in: folder).status == .finished) }
    }

    @Test(arguments: ["--preset list", "--help", "--print-config", "check gradient", "doctor --json"])
    func `a command that only prints ends silently when nobody reads`(command: String) throws {
      let folder = try ScratchFolder()
      // Also where the parent has SIGPIPE ignored, as some services do.
      for trap in ["", "trap '' PIPE; "] {
        let run = try run("\(trap)(sleep 0.2; exec \"$1\" \(command)) | true; echo ${PIPESTATUS[0]}", in: folder)
        #expect(run.output == "141\n" && run.errors.isEmpty, "\(run.output) \(run.errors)")
      }
    }

    @Test func `a full disk is an error whatever is printed`() throws {
      let folder = try ScratchFolder()
      for command in ["--help", "evaluate run", "train --set training.epochs=1 --name run"].reversed() {
        let run = try run("\"$1\" \(command) > /dev/full; echo $? >&2", in: folder)
        #expect(run.errors.hasSuffix("74"), "\(command): \(run.errors)")
      }
    }

    /// mpirun without a standard input and output takes the ranks' output for signals.
    @Test(arguments: ["<&- >&- 2>&-", "<&- >&-", ">&- 2>&-"])
    func `a run needs no standard streams`(closed: String) throws {
      let folder = try ScratchFolder()
      for (launch, name) in [("", "alone"), ("$LAUNCH", "ranks")] {
        let arguments = "--set training.epochs=60 --name \(name)"
        let run = try run("(\(launch) \"$1\" \(arguments) \(closed)); echo $?", in: folder)
        #expect(run.output == "0\n", "\(name): \(run.output) \(run.errors)")
        #expect(try manifest(name, in: folder).status == .finished)
        // No file of the run has taken the place of a stream.
        let found = try self.run("grep -rl 'rp-dist 0.1.0:\\|steps/s' runs/\(name); true", in: folder)
        #expect(found.output.isEmpty, "\(found.output)")
      }
    }

    @Test(arguments: ["HUP", "XCPU", "TERM"]) func `a signal of a terminal or a limit leaves a checkpoint`(
      signal: String
    ) throws {
      let folder = try ScratchFolder()
      let run = try run(
        """
        "$1" --set training.epochs=100000 --name run >log & job=$!
        while [ ! -e runs/run/metrics.jsonl ] || [ ! -s runs/run/metrics.jsonl ]; do sleep 0.05; done
        kill -\(signal) $job; wait $job; echo $?
        """, in: folder)
      #expect(run.output == "75\n" && run.errors.contains("stopped after a checkpoint"), "\(run.errors)")
      #expect(try manifest("run", in: folder).status == .stopped)
    }

    /// Without -S both limits are set, and the system would kill the run without a signal.
    @Test(arguments: ["-S -t 2", "-t 3"]) func `a limit of processor time is such a signal`(limit: String) throws {
      let folder = try ScratchFolder()
      let run = try run("ulimit \(limit); \"$1\" --set training.epochs=1000000 --name run >log; echo $?", in: folder)
      #expect(run.output == "75\n" && run.errors.contains("stopped after a checkpoint"), "\(run.errors)")
    }

    @Test func `signals that a run was started to ignore stay ignored`() throws {
      let folder = try ScratchFolder()
      let run = try run(
        """
        trap '' INT HUP QUIT
        "$1" --set training.epochs=100000 --name run >log & job=$!
        while [ ! -e runs/run/metrics.jsonl ] || [ ! -s runs/run/metrics.jsonl ]; do sleep 0.05; done
        kill -HUP $job; kill -INT $job; kill -QUIT $job; sleep 0.5; kill -0 $job && echo on
        kill -TERM $job; wait $job; echo $?
        """, in: folder)
      #expect(run.output == "on\n75\n", "\(run.output) \(run.errors)")
    }
  }
}

/// Any value of a JSON text.
private struct JSONValue: Decodable {
  init(from decoder: any Decoder) throws {}
}
