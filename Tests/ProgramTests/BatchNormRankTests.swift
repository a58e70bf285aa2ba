import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Batch normalisation and dropout over ranks: statistics are those of the global minibatch, masks those of its samples.
  @Suite(.serialized) struct BatchNormRankTests {
    @Test(arguments: [1, 2, 3, 4, 8])
    func `a network with batch normalisation and dropout has the statistics of one rank to 1e-12`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["batch-norm"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0)
      #expect(run.output == "ok\n")
      #expect(run.errors.isEmpty, "\(run.errors)")
    }

    @Test func `1 and 3 ranks train the same such model to 1e-9, and its running averages have moved`() throws {
      let alone = try tensors(ranks: nil)
      let three = try tensors(ranks: 3)
      #expect(three.map(\.name) == alone.map(\.name))
      for (a, b) in zip(alone, three) {
        #expect(relativeDifference(b.doubles, a.doubles) <= 1e-9, "\(a.name)")
      }
      #expect(
        alone.map(\.name)
          == [
            "0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight",
            "4.bias",
          ].map { "layers.\($0)" })
      for (name, start) in [("layers.1.running_mean", 0.0), ("layers.1.running_var", 1)] {
        let values = try #require(alone.first { $0.name == name }).doubles
        #expect(values.allSatisfy { $0 != start && $0.isFinite }, "\(name)")
      }
    }

    /// The trained tensors of one epoch of the digits.
    private func tensors(ranks: Int?) throws -> [SafetensorsTensor] {
      let folder = try ScratchFolder()
      let network = "network=[{dense: {outputs: 16, bias: false}}, batchNorm, relu, {dropout: 0.8}, {dense: 10}]"
      let run = try ProgramRun.run(
        program,
        [
          "--set", network, "--set", "training.epochs=1", "--set", "optimizer.learningRate=1",
          "--set", "training.precision=float64", "--name", "run",
        ], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      // What is judged after training is judged again from the file.
      let evaluation = try ProgramRun.run(program, ["evaluate", "runs/run"], in: folder.path)
      #expect(evaluation.exitCode == 0)
      let last = run.output.split(separator: "\n").suffix(2)
      #expect(evaluation.output.split(separator: "\n") == Array(last))
      return try SafetensorsFile(contentsOf: folder.path + "/runs/run/model.safetensors").tensors
    }
  }
}
