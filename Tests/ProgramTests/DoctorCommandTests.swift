import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist doctor` under launch lines that are sound, and under some that are not.
  @Suite(.serialized) struct DoctorCommandTests {
    private struct Report: Decodable {
      struct Rank: Decodable {
        var rank, localRank, localRanks, threads, hostCores: Int
        var cores: [Int]
        var host, transport, programSHA256, settingsSHA256: String
        var dataSHA256: String?
        var yields: Bool
      }
      struct Problem: Decodable { var severity, problem, remedy: String }
      struct AllReduce: Decodable {
        var bytes: Int
        var median: Double
      }
      var ranks: [Rank]
      var problems: [Problem]
      var allReduces: [AllReduce]?
    }

    private func report(_ run: ProgramRun) throws -> Report {
      try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test(arguments: [nil, 1, 2, 4] as [Int?]) func `every rank tells its facts, which agree, and nothing stays`(
      ranks: Int?
    )
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, ["doctor", "--json", "--set", "training.threads=2"], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let found = try report(run)
      let count = ranks ?? 1
      #expect(found.ranks.map(\.rank) == Array(0..<count) && found.ranks.map(\.localRank) == Array(0..<count))
      let first = try #require(found.ranks.first)
      for rank in found.ranks {
        #expect(rank.localRanks == count && rank.threads == 2 && rank.host == first.host)
        #expect(!rank.cores.isEmpty && rank.cores.count <= rank.hostCores)
        #expect(rank.transport.hasPrefix("ob1 over self"), "\(rank.transport)")
        #expect(count == 1 || rank.transport.contains("vader") || rank.transport.contains("sm"))
        #expect(rank.programSHA256.count == 64 && rank.programSHA256 == first.programSHA256)
        #expect(rank.settingsSHA256.count == 64 && rank.settingsSHA256 == first.settingsSHA256)
        #expect(rank.dataSHA256?.count == 64 && rank.dataSHA256 == first.dataSHA256)
        // The launch lines of the tests set it where there are several ranks.
        #expect(rank.yields == (ranks != nil))
      }
      #expect(found.allReduces?.map(\.bytes) == (count == 1 ? nil : [4, 1 << 20]))
      #expect((found.allReduces ?? []).allSatisfy { $0.median > 0 })
      #expect(found.problems.allSatisfy { $0.severity == "warning" })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "nothing is left behind")
    }

    @Test func `the hash of the program is that of its file`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ["doctor", "--json"], in: folder.path)
      let hash = try ProgramRun.run("sha256sum", [program], in: folder.path).output.prefix(64)
      #expect(try report(run).ranks[0].programSHA256 == hash)
    }

    @Test func `the table has problems first, the hosts, and what all have in common`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ["doctor", "--set", "training.batch=1"], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n")
      #expect(lines[0].contains("digits, 2 ranks on 1 host"))
      #expect(
        lines[1...].prefix { !$0.contains("host  ranks") }.contains {
          $0.hasPrefix("note   2 ranks share a batch of 1")
        })
      for heading in ["MPI", "started by", "waiting", "allreduce", "reduction", "program", "data", "run folder"] {
        #expect(lines.contains { $0.hasPrefix(heading + " ") }, "\(heading)")
      }
      #expect(lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("MPI") }, "\(run.output)")
    }

    @Test(arguments: [1, 2, 4]) func `another program on the last rank fails and is named`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let copy = folder.path + "/copy"
      try FileManager.default.copyItem(atPath: program, toPath: copy)
      // One more byte at the end, which does not matter to the system.
      let file = try #require(FileHandle(forWritingAtPath: copy))
      try file.seekToEnd()
      try file.write(contentsOf: Data([0]))
      try file.close()
      var arguments = ["--oversubscribe", "-n", "\(ranks)", program, "doctor", "--json"]
      arguments += [":", "-n", "1", copy, "doctor", "--json"]
      let run = try ProgramRun.run("mpirun", arguments, in: folder.path, environment: Self.mpirun)
      #expect(run.exitCode == 1)
      let failures = try report(run).problems.filter { $0.severity == "failure" }
      #expect(failures.count == 1 && failures[0].problem.contains("the program of rank \(ranks) ("), "\(failures)")
      #expect(run.errors.contains("rp-dist: a run will fail: 1 problem"))
    }

    @Test
    func `data that differ or are missing on one rank fail, and the configuration may have them in another place`()
      throws
    {
      let folder = try ScratchFolder()
      let rows = "1,2,a\n3,4,b\n5,6,a\n7,9,b\n2,2,a\n8,9,b\n1,1,a\n9,9,b\n0,2,a\n7,7,b\n"
      for (name, text) in [("a", rows), ("b", rows), ("c", rows.replacing("5,6", with: "5,7"))] {
        _ = try folder.write(text.utf8, to: "\(name).csv")
      }
      let settings = ["--set", "data.set=csv", "--set", "network=[{dense: 2}]", "--json"]
      func failures(_ second: String) throws -> [String] {
        let line = [program, "doctor"] + settings + ["--data"]
        let run = try ProgramRun.run(
          "mpirun", ["--oversubscribe", "-n", "1"] + line + ["a.csv", ":", "-n", "1"] + line + [second + ".csv"],
          in: folder.path, environment: Self.mpirun)
        let failures = try report(run).problems.filter { $0.severity == "failure" }
        #expect(run.exitCode == (failures.isEmpty ? 0 : 1))
        return failures.map(\.problem)
      }
      #expect(try failures("b").isEmpty)
      let different = try failures("c")
      #expect(different.count == 1 && different[0].hasPrefix("the data of rank 1 ("), "\(different)")
      let missing = try failures("nowhere")
      #expect(
        missing.count == 1 && missing[0].hasPrefix("rank 1 (") && missing[0].contains("nowhere.csv"), "\(missing)")
    }

    @Test func `a run folder that cannot be made fails`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write([], to: "file")
      let run = try ProgramRun.run(program, ["doctor", "--set", "run.folder=file/runs"], in: folder.path)
      #expect(run.exitCode == 1)
      #expect(run.output.contains("\nFAILS  cannot write to file/runs"), "\(run.output)")
    }

    @Test func `shared memory that is too small fails where it is asked for`() throws {
      let folder = try ScratchFolder()
      let settings = ["doctor", "--json", "--set", "reduction=node"]
      let enough = try ProgramRun.run(program, settings, ranks: 2, in: folder.path)
      #expect(enough.exitCode == 0)
      // A file system that is never free.
      let none = try ProgramRun.run(
        program, settings, ranks: 2, in: folder.path, environment: ["OMPI_MCA_osc_sm_backing_directory": "/proc"])
      #expect(none.exitCode == 1)
      #expect(try report(none).problems.contains { $0.severity == "failure" && $0.problem.contains("shared memory") })
    }

    private static let mpirun = [
      "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_ALLOW_RUN_AS_ROOT": "1",
      "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    ]

    /// As srun without PMIx leaves it for the third of four tasks.
    private static func step(_ task: Int) -> [String: String] {
      [
        "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_ID": "0",
        "SLURM_PROCID": "\(task)",
      ]
    }

    @Test func `a single one of several tasks is refused with the command that mends it, and said once`() throws {
      let folder = try ScratchFolder()
      let first = try ProgramRun.run(program, short, in: folder.path, environment: Self.step(0))
      #expect(first.exitCode == 64 && first.output.isEmpty)
      #expect(first.errors.split(separator: "\n").count == 1 && first.errors.contains("srun --mpi=pmix -n 4 rp-dist"))
      let third = try ProgramRun.run(program, short, in: folder.path, environment: Self.step(2))
      #expect(third.exitCode == 64 && third.output.isEmpty && third.errors.isEmpty)
      let doctor = try ProgramRun.run(program, ["doctor"], in: folder.path, environment: Self.step(0))
      #expect(doctor.exitCode == 1 && doctor.output.contains("\nFAILS  srun started 4 copies"))
      let wanted = Self.step(2).merging(["RP_DIST_SINGLE_RANK": "1"]) { $1 }
      let alone = try ProgramRun.run(program, short, in: folder.path, environment: wanted)
      #expect(alone.exitCode == 0 && alone.errors.isEmpty, "\(alone.errors)")
    }

    @Test func `a single rank in the script of a job of many trains with a note, and evaluates without`() throws {
      let folder = try ScratchFolder()
      let job = ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"]
      let run = try ProgramRun.run(program, short + ["--name", "s"], in: folder.path, environment: job)
      #expect(run.exitCode == 0)
      #expect(run.errors.hasPrefix("rp-dist: note: a single rank in a Slurm job of 4 tasks"), "\(run.errors)")
      let again = try ProgramRun.run(program, ["evaluate", "runs/s"], in: folder.path, environment: job)
      #expect(again.exitCode == 0 && again.errors.isEmpty, "\(again.errors)")
    }
  }
}
