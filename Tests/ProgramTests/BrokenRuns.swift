import Foundation
import RunRecords
import TestSupport
import Testing

/// The same training once without a break and once broken off again and again, in a folder of its own.
struct BrokenRuns {
  let folder: ScratchFolder
  let command: [String]
  let settings: [String]

  /// - Parameter command: what comes before `--name`.
  init(_ command: [String] = ["train"], _ settings: [String]) throws {
    folder = try ScratchFolder()
    (self.command, self.settings) = (command, settings.flatMap { ["--set", $0] })
  }

  /// Trains the run `unbroken`.
  func unbroken(ranks: Int?) throws {
    let run = try ProgramRun.run(
      ProgramTests.program, command + ["--name", "unbroken"] + settings + ["--set", "run.checkpointEvery=off"],
      ranks: ranks, in: folder.path)
    try #require(run.exitCode == 0, "\(run.errors)")
  }

  /// Trains the run `broken` with a checkpoint after every step; each time that a new one is there, a signal ends the job
  /// a random moment later.
  ///
  /// - Parameters:
  ///   - signal: USR1 to the launcher, or KILL to all processes of the job.
  /// - Returns: the exit codes.
  func breakOff(_ signal: String, times: Int, ranks: Int?) throws -> [Int] {
    let rank = try folder.write(
      """
      #!/bin/sh
      echo $$ >"pid.${OMPI_COMM_WORLD_RANK:-0}"
      exec '\(ProgramTests.program)' "$@"
      """.utf8, to: "rank.sh")
    let launcher = ranks.map { "mpirun --oversubscribe -n \($0)" } ?? ""
    let script = try folder.write(
      """
      #!/bin/sh
      newest() { ls -d runs/broken/checkpoints/step-* 2>/dev/null; }
      for time in $(seq \(times)); do
        before=$(newest)
        \(launcher) /bin/sh '\(rank)' "$@" >>log 2>&1 &
        job=$!
        while kill -0 $job 2>/dev/null && [ "$(newest)" = "$before" ]; do sleep 0.02; done
        sleep 0.0$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')
        if [ \(signal) = KILL ]; then kill -KILL $(cat pid.*) $job 2>/dev/null; else kill -\(signal) $job; fi
        wait $job
        echo $?
        if [ \(signal) = KILL ]; then for pid in $(cat pid.*); do while kill -0 $pid 2>/dev/null; do sleep 0.02; done; done; fi
      done
      """.utf8, to: "break.sh")
    let run = try ProgramRun.run(
      "/bin/sh",
      [script] + command + ["--name", "broken", "--resume", "auto"] + settings + [
        "--set", "run.checkpointEvery={steps: 1}",
      ], in: folder.path, environment: Self.environment, timeout: 120)
    try #require(!run.timedOut)
    return run.output.split(separator: "\n").compactMap { Int($0) }
  }

  /// Trains the rest of `broken`.
  func finish(ranks: Int?, _ more: [String] = []) throws -> ProgramRun {
    try ProgramRun.run(
      ProgramTests.program,
      command + ["--name", "broken", "--resume", "auto"] + settings + ["--set", "run.checkpointEvery=off"] + more,
      ranks: ranks, in: folder.path)
  }

  /// The model, the files of the last checkpoint that hold tensors, and the metrics without times.
  func results(_ name: String) throws -> [String: Data] {
    let run = folder.path + "/runs/" + name
    let steps = CheckpointStore(RunFolder(path: run)).steps
    let last = "checkpoints/step-\(try #require(steps.last))"
    var results: [String: Data] = [:]
    for file in ["model", "student", last + "/model", last + "/student", last + "/optimizer", "weights"] {
      let path = "\(run)/\(file).safetensors"
      if FileManager.default.fileExists(atPath: path) {
        results[file] = try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    let metrics = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
    results["metrics"] = Data(metrics.replacing(/"seconds":[^,]*,/, with: "").utf8)
    return results
  }

  func manifest(_ name: String) throws -> Manifest {
    let file = URL(fileURLWithPath: folder.path + "/runs/\(name)/manifest.json")
    return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
  }

  /// More ranks than cores, perhaps as root.
  private static let environment = [
    "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
  ]
}
