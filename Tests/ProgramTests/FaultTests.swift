import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// Whatever happens to one rank, the job ends by itself, says why, and leaves no process behind.
  @Suite(.serialized) struct FaultTests {
    /// A job on 4 ranks; when its first epoch is over, something happens to one of them or to the launcher.
    ///
    /// - Parameter event: a shell command, given the rank's process as `$1` and the launcher as `$2`.
    private func job(
      _ event: String, to rank: Int, _ settings: [String] = [], in folder: ScratchFolder
    ) throws -> (run: ProgramRun, left: [String]) {
      let script = try folder.write(
        """
        #!/bin/sh
        echo $$ >"pid.$OMPI_COMM_WORLD_RANK"
        event() { while [ ! -s runs/a/metrics.jsonl ]; do sleep 0.05; done; \(event); }
        if [ "$OMPI_COMM_WORLD_RANK" = \(rank) ]; then event $$ $PPID </dev/null >/dev/null 2>&1 & fi
        exec '\(program)' --name a --set training.epochs=1000000 --set run.stallTimeout=2 "$@"
        """.utf8, to: "rank.sh")
      let run = try ProgramRun.run(
        "/bin/sh", [script] + settings.flatMap { ["--set", $0] }, ranks: 4, in: folder.path, timeout: 60)
      return (run, try processes(in: folder))
    }

    /// The ranks that still run a while after their launcher has ended; they are killed then.
    private func processes(in folder: ScratchFolder) throws -> [String] {
      let look = """
        for _ in 1 2 3 4 5 6 7 8 9 10; do
          left=; for f in pid.*; do if grep -qs rp-dist "/proc/$(cat "$f")/cmdline"; then left="$left $f"; fi; done
          [ -z "$left" ] && exit; sleep 0.5
        done
        for f in $left; do echo "$f"; kill -9 "$(cat "$f")"; done
        """
      return try ProgramRun.run("/bin/sh", ["-c", look], in: folder.path).output.split(separator: "\n").map(String.init)
    }

    @Test(arguments: [0, 2], ["mpi", "node"])
    func `a rank that is stopped is named and the job ends`(rank: Int, reduction: String) throws {
      let folder = try ScratchFolder()
      let (run, left) = try job("kill -STOP $1", to: rank, ["reduction=\(reduction)"], in: folder)
      #expect(run.exitCode == 70 && !run.timedOut)
      #expect(run.errors.contains("the run has stood still for "), "\(run.errors)")
      #expect(run.errors.contains("(run.stallTimeout) at step "), "\(run.errors)")
      #expect(try /.* in MPI_\w+: rank (\d) on \S+ does not answer.*/.firstMatch(in: run.errors)?.1 == "\(rank)")
      #expect(left.isEmpty)
    }

    @Test func `a rank that is killed ends the job`() throws {
      let (run, left) = try job("kill -KILL $1", to: 1, in: try ScratchFolder())
      #expect(run.exitCode == 137, "\(run.errors)")
      #expect(left.isEmpty)
    }

    @Test func `no rank outlives its launcher`() throws {
      let (run, left) = try job("kill -KILL $2", to: 1, in: try ScratchFolder())
      // The shell's way to say it, or the signal's number.
      #expect([9, 137].contains(run.exitCode), "\(run.errors)")
      #expect(left.isEmpty)
    }

    /// What happens, the exit code of the job, and what it says.
    static let plantedFaults: [(fault: String, code: Int32, says: String)] = [
      ("throw", 42, "rank 1: planted"), ("exit", 3, ""), ("leave", 1, ""),
      ("compute", 70, "did not come to it"),
    ]

    @Test(arguments: plantedFaults)
    func `a rank that throws, leaves or computes for ever ends the job`(fault: String, code: Int32, says: String) throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["fault", "1", fault], ranks: 4, in: folder.path, timeout: 60)
      #expect(run.exitCode == code && !run.timedOut, "\(run.errors)")
      #expect(says.isEmpty || run.errors.contains(says), "\(run.errors)")
      if fault == "compute" { #expect(run.errors.contains("rank 1 on "), "\(run.errors)") }
    }

    @Test func `a run without a fault ends under the watch as without it`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["fault", "0"], ranks: 4, in: folder.path, timeout: 60)
      #expect(run.exitCode == 0 && run.output == "ok\n" && run.errors.isEmpty, "\(run.errors)")
    }
  }
}
