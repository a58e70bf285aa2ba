import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// Limits of memory and processor time that are smaller than the machine: limits of a process, and control groups where
  /// the tests may make some.
  @Suite(.serialized) struct LimitTests {
    /// A network that takes some 300 MB, of which its last layer has most.
    private static let wide = [
      "--set", "network=[{dense: 2000}, tanh, {dense: 4000}, tanh, {dense: 10}]", "--name", "w",
    ]

    /// A command under limits, run by a shell.
    private func run(
      _ limits: String, _ arguments: [String], ranks: Int?, in folder: ScratchFolder
    ) throws -> ProgramRun {
      try ProgramRun.run(
        "/bin/sh", ["-c", limits + "; exec \"$0\" \"$@\"", program] + arguments, ranks: ranks, in: folder.path)
    }

    @Test(arguments: [nil, 3], ["v", "d"])
    func `a limit of a process that is too small is told before the first step`(ranks: Int?, limit: String) throws {
      let folder = try ScratchFolder()
      // Enough for the program itself and a small network.
      let limits = "ulimit -\(limit) \(limit == "v" ? 900_000 : 400_000)"
      let small = try run(limits, short, ranks: ranks, in: folder)
      #expect(small.exitCode == 0, "\(small.errors)")
      let words = limit == "v" ? "RLIMIT_AS (ulimit -v)" : "RLIMIT_DATA (ulimit -d)"
      let network = ["--set", "network=[{dense: 4000}, tanh, {dense: 6000}, tanh, {dense: 10}]", "--name", "w"]
      let large = try run(limits, network, ranks: ranks, in: folder)
      #expect(large.exitCode == 64 && large.errors.split(separator: "\n").count == 1, "\(large.errors)")
      #expect(large.errors.contains(words) && large.errors.contains("a rank needs "), "\(large.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs/w"))
      let doctor = try run(limits, ["doctor", "--json"] + network, ranks: ranks, in: folder)
      #expect(doctor.exitCode == 1 && doctor.output.contains(words), "\(doctor.output)")
    }

    @Test(arguments: ["-d 40000", "-d 50000", "-v 100000", "-v 120000"])
    func `a limit under which the program cannot start is told before anything`(limit: String) throws {
      let folder = try ScratchFolder()
      let run = try self.run("ulimit \(limit)", short, ranks: nil, in: folder)
      #expect(run.exitCode == 70 && run.errors.contains("too little for the program to start"), "\(run.errors)")
    }

    @Test func `a limit that is enough for a small network refuses none`() throws {
      let folder = try ScratchFolder()
      // How much the allocator reserves differs from start to start.
      for limit in ["-v 450000", "-d 300000"] {
        let run = try self.run("ulimit \(limit)", short, ranks: nil, in: folder)
        #expect(run.exitCode == 0, "\(limit): \(run.errors)")
      }
    }

    /// Trainings of which each has most of its memory somewhere else.
    private static let large: [[String]] = [
      // The last layer and its judgement.
      [
        "network=[{dense: 10}, sigmoid, {dense: 6000}, relu, {dense: 10}]", "optimizer.name=adam",
        "training.batch=1437",
      ],
      [
        "network=[{dense: 1500}, tanh, {dense: 1500}, tanh, {dense: 10}]", "data.validation=200",
        "training.stopEarly={}",
      ],
      ["network=[{dense: 1500}, tanh, {dense: 1500}, tanh, {dense: 10}]", "training.reproducible=true"],
      ["network=[{dense: 1500}, tanh, {dense: 1500}, tanh, {dense: 10}]", "reduction=mpi", "optimizer.bound=full"],
      ["network=[{dense: 1200}, batchNorm, tanh, {dense: 1200}, tanh, {dense: 10}]", "training.precision=float64"],
    ]

    /// The MiB that a refused training says that it needs; nil for one that had enough.
    private func needed(_ run: ProgramRun) throws -> Int? {
      guard run.exitCode != 0 else { return nil }
      let said = try #require(run.errors.firstMatch(of: /needs? (\d+) MiB of memory/), "\(run.exitCode) \(run.errors)")
      return Int(said.1)
    }

    @Test(arguments: [nil, 3]) func `what a training is said to need of address space is enough`(ranks: Int?) throws {
      var refused = 0
      for settings in Self.large {
        let folder = try ScratchFolder()
        let arguments = (["training.epochs=1"] + settings).flatMap { ["--set", $0] }
        let little = "ulimit -v \(ranks == nil ? 500_000 : 660_000)"
        guard let need = try needed(run(little, arguments, ranks: ranks, in: folder)) else { continue }
        refused += 1
        // The allocator reserves 64 MiB for a thread at once, or does not.
        let enough = try run("ulimit -v \((need + 80) << 10)", arguments, ranks: ranks, in: folder)
        #expect(enough.exitCode == 0, "\(settings) of \(need) MiB: \(enough.errors)")
      }
      #expect(refused > 0)
    }

    @Test(arguments: [1, 3]) func `an allocation that fails all the same is one sentence and ends all ranks`(ranks: Int)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        rankChecks, ["fault", "\(ranks - 1)", "memory"], ranks: ranks, in: folder.path, timeout: 60)
      #expect(run.exitCode == 70 && !run.timedOut, "\(run.errors)")
      let said = run.errors.split(separator: "\n").filter { $0.contains("the system does not give") }
      #expect(said.count == 1 && said[0].hasPrefix("rp-dist: rank \(ranks - 1): "), "\(run.errors)")
    }

    private static let canLimitMemory = (try? ControlGroup.memory(1 << 30)) != nil
    private static let canLimitProcessor = (try? ControlGroup.processor(cores: 1)) != nil

    @Test(
      .enabled(if: canLimitMemory, "needs the right to make control groups of memory"), arguments: [nil, 3] as [Int?])
    func `a control group's memory is compared with the need of all ranks in it`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let group = try ControlGroup.memory(250 << 20)
      let small = try group.run(short, ranks: ranks, in: folder)
      #expect(small.exitCode == 0, "\(small.errors)")
      let large = try group.run(Self.wide, ranks: ranks, in: folder)
      #expect(large.exitCode == 64 && large.errors.split(separator: "\n").count == 1, "\(large.errors)")
      #expect(large.errors.contains("but the control group /rp-dist-test-"), "\(large.errors)")
      #expect(large.errors.contains("allows 250 MiB"), "\(large.errors)")
      #expect(large.errors.contains(ranks == nil ? "a rank needs" : "3 ranks together need"), "\(large.errors)")
      let doctor = try group.run(["doctor"] + Self.wide, ranks: ranks, in: folder)
      #expect(doctor.exitCode == 1 && doctor.output.contains("FAILS  network: with its"), "\(doctor.output)")
      #expect(doctor.output.contains(" MiB/250 MiB"), "\(doctor.output)")
    }

    @Test(
      .enabled(if: canLimitMemory, "needs the right to make control groups of memory"), arguments: [nil, 3] as [Int?])
    func `what a training is said to need of memory is enough`(ranks: Int?) throws {
      let reweight = ["reweight", "--preset", "noisy-digits-reweight", "--set", "training.epochs=2"]
      let trainings = Self.large.map { (["training.epochs=1"] + $0).flatMap { ["--set", $0] } }
      var refused = 0
      for arguments in trainings + [reweight + ["--set", "network=[{dense: 1000}, tanh, {dense: 1000}, {dense: 10}]"]] {
        let folder = try ScratchFolder()
        let little = try ControlGroup.memory(96 << 20).run(arguments, ranks: ranks, in: folder)
        guard let need = try needed(little) else { continue }
        refused += 1
        // The launcher needs some too.
        let enough = try ControlGroup.memory((need + 24) << 20).run(arguments, ranks: ranks, in: folder)
        #expect(enough.exitCode == 0, "\(arguments) of \(need) MiB: \(enough.errors)")
      }
      #expect(refused > 3)
    }

    @Test(.enabled(if: canLimitProcessor, "needs the right to make control groups of processor time"))
    func `doctor tells of a quota of processor time`() throws {
      let folder = try ScratchFolder()
      let half = try ControlGroup.processor(cores: 0.5).run(["doctor"], ranks: 2, in: folder)
      #expect(half.exitCode == 0, "\(half.errors)")
      #expect(half.output.contains("a control group gives its processes the time of"), "\(half.output)")
      let enough = try ControlGroup.processor(cores: 8).run(["doctor"], ranks: 2, in: folder)
      #expect(!enough.output.contains("a control group gives"), "\(enough.output)")
    }

    @Test func `a rank that is killed is named by the others and by the script`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write("localhost slots=3\n".utf8, to: "hosts")
      let rank = try folder.write(
        """
        #!/bin/sh
        if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then
          (while [ ! -s runs/k/metrics.jsonl ]; do sleep 0.05; done; kill -KILL $$) </dev/null >/dev/null 2>&1 &
        fi
        exec '\(program)' "$@"
        """.utf8, to: "rank.sh")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: rank)
      let run = try ProgramRun.run(
        ProgramRun.project.path + "/cluster/run-hosts",
        ["hosts", "train", "--name", "k", "--set", "training.epochs=1000000"], in: folder.path,
        environment: [
          "RP_DIST": rank, "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
          "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        ])
      #expect(run.exitCode == 137, "\(run.errors)")
      let killed = /cluster\/run-hosts: rank 1 on \S+ was killed \(signal 9\): out of memory\?/
      #expect(run.errors.firstMatch(of: killed) != nil, "\(run.errors)")
      let missed = /rp-dist: rank 0 on \S+: no answer from rank 1 on \S+; .* out of memory\?/
      #expect(run.errors.firstMatch(of: missed) != nil, "\(run.errors)")
    }

    @Test func `the words of mpirun and srun about killed ranks are understood, and all words are passed on`() throws {
      let folder = try ScratchFolder()
      let words = [
        "------", "mpirun noticed that process rank 12 with PID 4711 on node n3 exited on signal 9 (Killed).", "------",
        "srun: error: n1: task 2: Killed", "srun: error: n2: tasks 4-5: Out Of Memory",
        "mpirun noticed that process rank 1 with PID 0 on node n3 exited on signal 11 (Segmentation fault).",
        "rp-dist: a sentence", "srun: error: n1: task 2: Exited with exit code 70", "without an end",
      ]
      let text = try folder.write(words.joined(separator: "\n").utf8, to: "words")
      let run = try ProgramRun.run(
        "/bin/sh", ["-c", "exec \"$0\" job <\"$1\"", ProgramRun.project.path + "/cluster/killed-ranks", text],
        in: folder.path)
      let said = run.output.split(separator: "\n").map(String.init)
      #expect(said.filter { !$0.hasPrefix("job: ") } == words)
      // Not within mpirun's banner.
      #expect(said.firstIndex { $0.hasPrefix("job: rank 12") } == 3)
      #expect(
        said.filter { $0.hasPrefix("job: ") } == [
          "job: rank 12 on n3 was killed (signal 9): out of memory?",
          "job: rank 2 on n1 was killed (signal 9): out of memory?",
          "job: ranks 4-5 on n2 were killed (signal 9): out of memory?",
        ])
    }
  }
}
