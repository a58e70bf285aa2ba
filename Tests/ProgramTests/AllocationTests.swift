import TestSupport
import Testing

extension ProgramTests {
  /// Steps of `rank-checks`, whose malloc and locks count.
  @Suite(.serialized) struct AllocationTests {
    @Test(arguments: [nil, 2, 3] as [Int?]) func `a steady step allocates nothing and takes no lock`(ranks: Int?) throws
    {
      let run = try ProgramRun.run(rankChecks, ["allocations"], ranks: ranks, in: "/tmp", timeout: 120)
      #expect(run.exitCode == 0 && run.output == "ok\n", "\(run.errors)")
    }

    @Test(
      arguments: [nil, 2] as [Int?],
      [("array", "blocks allocated: 1, locks taken: 0"), ("lock", "blocks allocated: 0, locks taken: 1")])
    func `one array or lock in fifty steps is found`(ranks: Int?, planted: (call: String, found: String)) throws {
      let run = try ProgramRun.run(rankChecks, ["allocations", planted.call], ranks: ranks, in: "/tmp")
      #expect(run.exitCode == 42)
      #expect(run.errors.contains("in 50 steps: \(planted.found), with optimizer.name=sgd"), "\(run.errors)")
    }
  }
}
