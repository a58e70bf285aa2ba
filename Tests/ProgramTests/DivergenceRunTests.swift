import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// What a training that did not work says of itself.
  @Suite(.serialized) struct DivergenceRunTests {
    private func overflowing(in folder: ScratchFolder, keep: Double? = 0.5) throws -> [String] {
      try (OverflowingCurvature(in: folder, keep: keep).settings + ["optimizer.partition=weight"]).flatMap {
        ["--set", $0]
      }
    }

    @Test(arguments: [nil, 2, 3], [[], ["reduction=mpi"], ["training.reproducible=true"]])
    func `a deep network says on any number of ranks that Ẅ overflowed, and what helps`(ranks: Int?, settings: [String])
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, overflowing(in: folder) + settings.flatMap { ["--set", $0] } + ["--name", "d"], ranks: ranks,
        in: folder.path,
        timeout: 60)
      #expect(run.exitCode == 1 && !run.timedOut)
      let expected =
        /diverged: the loss is not finite at step 2 of 12: wDDot of layers\.\d+\.bias overflowed float32 at step 1; the last good model is in runs\/d\/model.safetensors; training.precision=float64 or optimizer.name=adam may help/
      #expect(run.errors.contains(expected), "\(run.errors)")
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/d/model.safetensors")
      #expect(model.tensors.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
    }

    @Test func `what it says helps does help`() throws {
      let folder = try ScratchFolder()
      let settings = try OverflowingCurvature(in: folder).settings.flatMap { ["--set", $0] }
      for setting in ["training.precision=float64", "optimizer.name=adam"] {
        let run = try ProgramRun.run(program, settings + ["--set", setting], in: folder.path)
        #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
      }
    }

    @Test(arguments: [nil, 3]) func `a rate in the settings is named with its value`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "optimizer={name: sgd, learningRate: 1000}", "--set", "loss=squaredError", "--set",
          "network=[{dense: 16}, relu, {dense: 10}]",
        ], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      let expected =
        /.*the loss itself overflowed float32 at step \d+; .*a smaller optimizer.learningRate \(is 1000\), .*/
      #expect(try expected.wholeMatch(in: run.errors) != nil, "\(run.errors)")
    }

    @Test(arguments: [nil, 2]) func `a finite training whose Ẅ overflowed says that parameters stand still`(ranks: Int?)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, overflowing(in: folder, keep: nil), ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0)
      let expected =
        /rp-dist: note: wDDot of layers\.\d+\.(weight|bias) overflowed float32 by step 12, and where it did parameters stand still; .* or optimizer.name=adam may help/
      #expect(try expected.wholeMatch(in: run.errors) != nil, "\(run.errors)")
    }

    private func result(_ arguments: [String], ranks: Int? = nil, in folder: ScratchFolder) throws -> (
      RunResult, String
    ) {
      let run = try ProgramRun.run(program, arguments + ["--json"], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      return (try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8)), run.errors)
    }

    @Test(arguments: [nil, 3]) func `a run that ends far above its start says so, resumed too`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let settings = ["--set", "optimizer={name: sgd, learningRate: 30}"]
      let note =
        /rp-dist: note: the training loss ended at [\d.]+, above 2\.\d\d where it began: training has not worked; a smaller optimizer.learningRate \(is 30\) may help/
      let (result, errors) = try result(
        settings + ["--set", "training.epochs=1", "--name", "high"], ranks: ranks, in: folder)
      #expect(try note.wholeMatch(in: errors) != nil, "\(errors)")
      let start = try #require(result.initialTrainingLoss)
      #expect((2..<3).contains(start) && result.trainingLoss > 2 * start)
      let (resumed, again) = try self.result(
        ["--resume", "runs/high", "--set", "training.epochs=2"], ranks: ranks, in: folder)
      #expect(again.contains("training has not worked"), "\(again)")
      #expect(try abs(#require(resumed.initialTrainingLoss) - start) < 1e-6)
    }

    @Test func `healthy runs, short ones with batch normalisation and ones that learn nothing say nothing`() throws {
      let folder = try ScratchFolder()
      for settings in [
        ["training.epochs=2"], ["training.epochs=1", "training.batch=1000000"],
        ["training.epochs=2", "network=[{dense: 32}, batchNorm, tanh, {dense: 10}]"],
        ["training.epochs=1", "optimizer={name: sgd, learningRate: 1e-30}"],
        ["training.epochs=1", "training.batch=1", "optimizer={name: sgd, learningRate: 0.001}"],
        ["training.epochs=2", "data.target=input", "loss=squaredError", "network=[{dense: 8}, tanh, {dense: 64}]"],
      ] {
        let (result, errors) = try result(settings.flatMap { ["--set", $0] }, in: folder)
        #expect(result.initialTrainingLoss == nil && errors.isEmpty, "\(settings): \(errors)")
      }
    }

    /// A model and a batch whose outputs are 1e38 and 1e38: their sums overflow float32.
    private func files(in folder: ScratchFolder) throws {
      func tensor(_ name: String, _ shape: [Int], _ values: [Double]) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: shape, values: values)
      }
      try SafetensorsFile(
        tensors: [tensor("layers.0.weight", [1, 2], [3e38, 3e38]), tensor("layers.0.bias", [1], [0])]
      ).write(to: folder.path + "/m.safetensors")
      try SafetensorsFile(tensors: [tensor("inputs", [1, 2], [1, 1]), tensor("targets", [1, 1], [0])]).write(
        to: folder.path + "/b.safetensors")
    }

    @Test(arguments: [nil, 3]) func `statistics that overflow are written, named, and no success`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      try files(in: folder)
      let arguments = [
        "statistics", "--model", "m.safetensors", "--network", "dense", "--batch", "b.safetensors", "--loss",
        "squaredError", "--out", "s.safetensors",
      ]
      let run = try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      #expect(
        run.errors.contains("s.safetensors is written, but holds numbers that are not finite in meanLoss, outputs, "))
      #expect(
        run.errors.contains("layers.0.weight.wDot") && run.errors.contains("take --precision float64"), "\(run.errors)")
      let written = try SafetensorsFile(contentsOf: folder.path + "/s.safetensors")
      #expect(try #require(written.tensor(named: "outputs")).doubles == [.infinity])
      let wide = try ProgramRun.run(program, arguments + ["--precision", "float64"], ranks: ranks, in: folder.path)
      #expect(wide.exitCode == 0, "\(wide.errors)")
    }
  }
}
