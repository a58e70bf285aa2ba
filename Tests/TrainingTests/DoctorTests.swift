import Configurations
import Diagnostics
import Foundation
import Ranks
import Testing

/// The rules of `rp-dist doctor`: what facts mean.
@Suite struct DoctorTests {
  /// A launch without any problem: ranks on one core each, so many on each host.
  private func sound(hosts: Int = 2, ranks: Int = 2) -> DoctorReport {
    let facts = (0..<hosts * ranks).map { rank in
      var facts = RankFacts()
      (facts.rank, facts.host, facts.machine) = (rank, "n\(rank / ranks)", "machine \(rank / ranks)")
      (facts.localRank, facts.localRanks, facts.cores, facts.hostCores) = (rank % ranks, ranks, [rank % ranks], ranks)
      (facts.kernel, facts.mpi, facts.yields) = ("avx2", "Open MPI v4.1.4", false)
      (facts.programSHA256, facts.settingsSHA256, facts.dataSHA256) = ("a", "b", "c")
      (facts.sharedMemoryFree, facts.sharedMemoryNeeded, facts.modelBytes) = (1 << 30, 1 << 20, 1 << 10)
      return facts
    }
    return report(facts)
  }

  private func report(
    _ facts: [RankFacts], of launch: [String: String] = [:], change: (inout DoctorReport) -> Void = { _ in }
  )
    -> DoctorReport
  {
    var report = DoctorReport(
      ranks: facts, launch: LaunchLine { launch[$0] },
      place: DoctorReport.RunPlace(folder: "runs", freeBytes: 1 << 30), batch: 100)
    change(&report)
    return DoctorReport(
      ranks: report.ranks, launch: report.launch, place: report.place, batch: report.batch, threads: report.threads,
      reduction: report.reduction, reproducible: report.reproducible, allReduces: report.allReduces,
      slurmSecondsLeft: report.slurmSecondsLeft)
  }

  /// The sound launch with one thing changed.
  private func problems(_ change: (inout DoctorReport) -> Void) -> [DoctorProblem] {
    report(sound().ranks, change: change).problems
  }

  @Test(arguments: [(1, 1), (1, 4), (2, 2), (3, 1)]) func `a sound launch has no problems`(hosts: Int, ranks: Int) {
    #expect(sound(hosts: hosts, ranks: ranks).problems.isEmpty)
  }

  @Test func `a difference in program, library, configuration or data fails and names ranks and hosts`() throws {
    let changes: [(String, (inout RankFacts) -> Void)] = [
      ("program", { $0.programSHA256 = "x" }), ("MPI library", { $0.mpi = "Open MPI v5.0.0" }),
      ("configuration", { $0.settingsSHA256 = "x" }), ("data", { $0.dataSHA256 = "x" }),
    ]
    for (what, change) in changes {
      let found = problems { report in
        change(&report.ranks[2])
        change(&report.ranks[3])
      }
      #expect(found.count == 1)
      #expect(found.first?.severity == .failure)
      #expect(try #require(found.first?.problem).contains("the \(what) of ranks 2, 3 (n1)"), "\(found)")
    }
  }

  @Test func `data that one host does not have fails with the reason`() throws {
    let found = problems { report in
      report.ranks[3].dataSHA256 = nil
      report.ranks[3].dataProblem = "/data/mnist does not exist"
    }
    #expect(found.map(\.problem) == ["rank 3 (n1): /data/mnist does not exist"])
    #expect(found[0].severity == .failure)
    // On all ranks alike it is no matter of hosts.
    let everywhere = problems { report in
      for rank in 0..<4 { (report.ranks[rank].dataSHA256, report.ranks[rank].dataProblem) = (nil, "no data") }
    }
    #expect(everywhere.map(\.problem) == ["no data"])
  }

  @Test func `another kernel is a warning, and failures come first`() {
    let found = problems { report in
      report.ranks[1].kernel = "avx512"
      report.ranks[1].dataSHA256 = "x"
    }
    #expect(found.map(\.severity) == [.failure, .warning])
    #expect(found[1].problem.contains("kernel (avx2; avx512) of rank 1 (n0)"))
    let reproducible = problems { report in
      report.reproducible = true
      report.ranks[1].kernel = "avx512"
    }
    #expect(reproducible.map(\.severity) == [.failure])
  }

  @Test func `more threads than cores are told, and that waiting ranks must not spin`() {
    func crowded(yields: Bool) -> [DoctorProblem] {
      problems { report in
        for rank in 0..<4 {
          (report.ranks[rank].cores, report.ranks[rank].hostCores) = ([0], 1)
          report.ranks[rank].yields = yields
        }
      }
    }
    #expect(
      crowded(yields: true).map(\.problem)
        == ["n0", "n1"].map {
          "\($0): 2 ranks on 1 core: they wait for each other's time slices"
        })
    let spinning = crowded(yields: false)
    #expect(spinning.count == 4 && spinning.allSatisfy { $0.severity == .warning })
    #expect(spinning.count { $0.remedy.contains("mpi_yield_when_idle 1") } == 2)
    // Two threads of each of two ranks want four cores, and have them.
    let threads = { (cores: Int) in
      problems { report in
        report.threads = 2
        for rank in 0..<4 {
          (report.ranks[rank].cores, report.ranks[rank].hostCores) = (Array(0..<cores), cores)
          report.ranks[rank].threads = 2
        }
      }
    }
    #expect(threads(4).isEmpty)
    #expect(threads(3).contains { $0.problem.hasPrefix("n0: 2 ranks of 2 threads on 3 cores") })
  }

  @Test func `hosts that are namespaces of one machine share its cores`() {
    let found = problems { report in
      for rank in 0..<4 { report.ranks[rank].machine = "one" }
    }
    #expect(found.contains { $0.problem.hasPrefix("n0: 4 ranks on 2 cores") })
  }

  @Test func `ranks bound to the same core while others are idle are told`() {
    let found = problems { report in
      for rank in 0..<4 { report.ranks[rank].hostCores = 4 }
      report.ranks[1].cores = [0]
      report.ranks[2].cores = [0, 1, 2]
      report.ranks[3].cores = [2, 3]
    }
    // On n0 two ranks have one core of four; on n1 the cores' demands are 1/3, 1/3, 1/3 + 1/2, 1/2.
    #expect(found.count == 2 && found.allSatisfy { $0.problem.hasPrefix("n0: ") }, "\(found)")
    let threaded = problems { report in
      report.threads = 2
      for rank in 0..<4 { (report.ranks[rank].hostCores, report.ranks[rank].threads) = (4, 2) }
      report.ranks[0].cores = [0, 1, 2]
      report.ranks[1].cores = [3]
      report.ranks[2].cores = [0, 1]
      report.ranks[3].cores = [2, 3]
    }
    #expect(threaded.count == 1 && threaded[0].remedy.contains("slot:PE=2"), "\(threaded)")
  }

  @Test func `shared memory that does not suffice fails for node, is told for auto, and does not matter for mpi`() {
    for (method, severity) in [("node", DoctorProblem.Severity.failure), ("auto", .warning), ("mpi", nil)] {
      let small = problems { report in
        report.reduction = method
        report.ranks[2].sharedMemoryFree = (1 << 20) - 1
      }
      #expect(small.map(\.severity) == [severity].compactMap(\.self), "\(method)")
      #expect(small.allSatisfy { $0.problem.contains("n1 has 1023 KiB free") })
      let uneven = problems { report in
        report.reduction = method
        report.ranks[3].localRanks = 1
      }
      #expect(uneven.map(\.severity) == [severity].compactMap(\.self), "\(method)")
    }
    #expect(problems { $0.ranks[2].sharedMemoryFree = 1 << 20 }.isEmpty)
  }

  @Test func `a place for runs must be writable, have room, and be seen by all hosts`() {
    let closed = problems { $0.place.problem = "cannot write to runs" }
    #expect(closed.map(\.problem) == ["cannot write to runs"] && closed[0].severity == .failure)
    // Sixteen models of 1 KiB and 1 MiB.
    #expect(problems { $0.place.freeBytes = 16 << 10 + 1 << 20 - 1 }.map(\.severity) == [.failure])
    #expect(problems { $0.place.freeBytes = (16 << 10) + (1 << 20) }.isEmpty)
    let unseen = problems { report in
      for rank in 2..<4 { report.ranks[rank].seesRunFolder = false }
    }
    #expect(unseen.map(\.severity) == [.warning] && unseen[0].problem.contains("ranks 2, 3 (n1) do not see"))
  }

  @Test func `idle ranks, too few threads and the end of a Slurm job are told`() {
    #expect(problems { $0.batch = 4 }.isEmpty)
    #expect(problems { $0.batch = 3 }.map(\.problem) == ["4 ranks share a batch of 3: 1 of them have nothing to do"])
    #expect(problems { $0.threads = 8 }[0].problem.contains("OpenBLAS uses 1 threads where training.threads is 8"))
    #expect(problems { $0.slurmSecondsLeft = 300 }.isEmpty)
    #expect(problems { $0.slurmSecondsLeft = 299 }.map(\.severity) == [.warning])
  }

  @Test(
    arguments: [
      ("4:59", 299), ("0:01", 1), ("1:00:00", 3600), ("23:04:59", 83099), ("1-03:00:00", 97200),
      ("365-00:00:00", 31_536_000),
      ("UNLIMITED", nil), ("INVALID", nil), ("NOT_SET", nil), ("", nil), ("5", nil), ("-1:00", nil), ("1-2-3:00", nil),
      ("1:-2", nil),
    ] as [(String, Int?)])
  func `the time left is read as Slurm writes it`(text: String, seconds: Int?) {
    #expect(SlurmTime.seconds(text) == seconds)
  }
}
