import TestSupport
import Testing

extension ProgramTests {
  /// Batch normalisation over ranks: its statistics are those of the global minibatch.
  @Suite(.serialized) struct BatchNormRankTests {
    @Test(arguments: [1, 2, 3, 4, 8])
    func `a network with batch normalisation and dropout has the statistics of one rank to 1e-12`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["batch-norm"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0)
      #expect(run.output == "ok\n")
      #expect(run.errors.isEmpty, "\(run.errors)")
    }
  }
}
