import TestSupport
import Testing

extension ProgramTests {
  /// Steps of `rank-checks`, whose malloc counts.
  @Suite(.serialized) struct AllocationTests {
    @Test(arguments: [nil, 2, 3] as [Int?]) func `a steady step allocates nothing`(ranks: Int?) throws {
      let run = try ProgramRun.run(rankChecks, ["allocations"], ranks: ranks, in: "/tmp", timeout: 120)
      #expect(run.exitCode == 0 && run.output == "ok\n", "\(run.errors)")
    }

    @Test(arguments: [nil, 2] as [Int?]) func `one array in fifty steps is found`(ranks: Int?) throws {
      let run = try ProgramRun.run(rankChecks, ["allocations", "1"], ranks: ranks, in: "/tmp")
      #expect(run.exitCode == 42)
      #expect(run.errors.contains("blocks allocated in 50 steps: 1, with optimizer.name=sgd"), "\(run.errors)")
    }
  }
}
