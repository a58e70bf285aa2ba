import TestSupport
import Testing

extension ProgramTests {
  /// Directions and data shards on ranks, uneven ones too.
  @Suite(.serialized) struct HypergradientRankTests {
    @Test(arguments: [1, 2, 3, 4, 5, 7, 8])
    func `ranks find the hypergradient of one rank to 1e-10 with every strategy, blocks and grid`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["hypergradients"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0)
      #expect(run.output == "ok\n")
      #expect(run.errors.isEmpty, "\(run.errors)")
    }
  }
}
