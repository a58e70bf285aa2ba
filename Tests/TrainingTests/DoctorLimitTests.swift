import Configurations
import Diagnostics
import Ranks
import Testing

/// The rules of `rp-dist doctor` for what the system allows.
@Suite struct DoctorLimitTests {
  /// Two ranks with a core each, on one host or on two, with something changed.
  private func problems(hosts: Int = 1, allReduce: Double? = 1e-6, _ change: (inout RankFacts) -> Void = { _ in })
    -> [DoctorProblem]
  {
    let ranks = (0..<2).map { rank in
      var facts = RankFacts()
      (facts.rank, facts.host, facts.machine) = (rank, "n\(rank % hosts)", "m\(rank % hosts)")
      (facts.cores, facts.hostCores, facts.yields, facts.dataSHA256) = ([0, 1], 2, true, "d")
      change(&facts)
      return facts
    }
    return DoctorReport(
      ranks: ranks, launch: LaunchLine { _ in nil }, place: DoctorReport.RunPlace(folder: "runs", freeBytes: 1 << 30),
      batch: 100,
      allReduces: allReduce.map { seconds in
        [DoctorReport.AllReduce(bytes: 4, median: seconds), DoctorReport.AllReduce(bytes: 1 << 20, median: 0.1)]
      }
    ).problems
  }

  @Test func `a sum of one number that takes a thousand times too long is told, one among busy ranks is not`() throws {
    for seconds in [1e-6, 50e-6, 0.005] { #expect(problems(allReduce: seconds).isEmpty, "\(seconds)") }
    let slow = try #require(problems(allReduce: 0.02).first)
    #expect(slow.severity == .warning && slow.problem.contains("4 bytes takes 20 ms"))
    #expect(problems(hosts: 2, allReduce: 0.015).isEmpty)
    #expect(problems(hosts: 2, allReduce: 0.03).map(\.severity) == [.warning])
    #expect(problems(allReduce: nil).isEmpty)
  }

  @Test func `a quota of processor time that is less than the threads want is told, with how much it is`() throws {
    func quota(_ cores: Double, hosts: Int = 1) -> [DoctorProblem] {
      problems(hosts: hosts) { $0.coreQuotas = [CoreQuota(cores: cores, place: $0.machine)] }
    }
    #expect(quota(2).isEmpty)
    let half = quota(0.5)
    #expect(half.count == 1 && half[0].severity == .warning)
    #expect(
      half[0].problem.contains("n0: a control group gives its processes the time of 0.5 cores, but 2 threads want"))
    let one = quota(1)
    #expect(one[0].problem.contains("the time of 1 core,") && one[0].remedy.contains("mpirun -n 1"))
    // A host, or a group, with one rank each.
    #expect(quota(1, hosts: 2).isEmpty)
    #expect(problems { $0.coreQuotas = [CoreQuota(cores: 1, place: "task \($0.rank)")] }.isEmpty)
    // Of groups within each other the one that gives the least is told.
    let nested = problems { $0.coreQuotas = [CoreQuota(cores: 1.5, place: "a"), CoreQuota(cores: 0.25, place: "b")] }
    #expect(nested.count == 1 && nested[0].problem.contains("the time of 0.25 cores"))
  }

  @Test func `a limit of threads that the ranks would reach fails`() throws {
    func limit(_ most: Int) -> [DoctorProblem] {
      problems { $0.threadLimit = ThreadLimit(most: most, present: 100, name: "RLIMIT_NPROC", remedy: "ulimit -u 500") }
    }
    // A watch for each of two ranks.
    #expect(limit(102).isEmpty)
    let found = limit(101)
    #expect(found.count == 1 && found[0].severity == .failure && found[0].remedy.hasPrefix("ulimit -u 500"))
    #expect(found[0].problem.contains("2 more threads, but RLIMIT_NPROC allows 101 in all, of which there are 100"))
  }

  @Test func `memory that does not suffice fails with the words of the run`() throws {
    func found(_ bytes: Int) -> [DoctorProblem] {
      problems { facts in
        facts.memory = MemoryFacts(
          need: MemoryNeed(resident: 1 << 30), present: ProcessState(),
          limits: [MemoryLimit(kind: .controlGroup, bytes: bytes, name: "/job_7", place: "m")])
      }
    }
    #expect(found(3 << 30).isEmpty)
    let little = found(2 << 30)
    #expect(little.count == 1 && little[0].severity == .failure)
    #expect(little[0].problem.contains("the control group /job_7 of n0 allows 2048 MiB"))
    #expect(little[0].remedy.contains("make the network or training.batch smaller"))
  }
}
