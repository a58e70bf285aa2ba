import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// A validation set and early stopping, as a user sees them.
  @Suite(.serialized) struct ValidationTests {
    @Test(arguments: [nil, 3] as [Int?])
    func `early stopping ends the run, keeps its best model and says which epoch that was`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "data.validation=300", "--set", "training.stopEarly={patience: 2}", "--set", "training.epochs=200",
          "--set", "optimizer={name: sgd, learningRate: 3}", "--set", "training.precision=float64", "--json", "--name",
          "v",
        ], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      let lines = try String(contentsOfFile: folder.path + "/runs/v/metrics.jsonl", encoding: .utf8).split(
        separator: "\n")
      let metrics = try lines.map { try JSONDecoder().decode(Metrics.self, from: Data($0.utf8)) }
      let losses = try metrics.map { try #require($0.validationLoss) }
      let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
      #expect(result.bestEpoch == best + 1)
      #expect(result.epochs == best + 3 && result.epochs < 200)
      #expect(metrics.count == result.epochs)
      // The kept model is judged anew, in chunks of the same size.
      #expect(result.validationLoss == losses[best])
      #expect(metrics.allSatisfy { $0.learningRate == 3 && $0.validationAccuracy != nil })

      let manifest = try JSONDecoder().decode(
        Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/v/manifest.json")))
      #expect(manifest.data.trainingSamples == 1138)
      #expect(manifest.data.validationSamples == 300)
    }
  }
}
