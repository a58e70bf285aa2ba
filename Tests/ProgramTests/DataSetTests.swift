import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Training on data of every kind.
  @Suite(.serialized) struct DataSetTests {
    /// Two well separated classes in a CSV file with a header.
    private func csv(_ folder: ScratchFolder) throws -> String {
      var random = SmallRandom(seed: 7)
      let rows = (0..<200).map { row in
        let side = row % 2 == 0 ? 1.0 : -1.0
        return "\(side + 0.1 * random.normal()),\(3 * random.normal()),\(row % 2 == 0 ? "spam" : "ham")"
      }
      return try folder.write((["x,y,kind"] + rows).joined(separator: "\n").utf8, to: "points.csv")
    }

    @Test func `a CSV file with a header and named classes is learned`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "--set", "data.set=csv", "--data", try csv(folder), "--set", "data.label=kind",
          "--set", "network=[{dense: 8}, tanh, {dense: 2}]", "--set", "optimizer.learningRate=1",
          "--set", "training.batch=20", "--json", "--name", "csv",
        ], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      #expect(try #require(result.testAccuracy) == 1)
    }

    @Test func `a reconstruction has a loss, no accuracy, and improves`() throws {
      let folder = try ScratchFolder()
      func result(epochs: Int) throws -> (RunResult, String) {
        let settings = [
          "--set", "data.target=input", "--set", "loss=squaredError", "--set", "optimizer.learningRate=10",
          "--set", "network=[{dense: 16}, tanh, {dense: 64}, tanh]", "--set", "training.epochs=\(epochs)",
        ]
        let run = try ProgramRun.run(program, settings + ["--json", "--name", "r\(epochs)"], in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        return (try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8)), run.output)
      }
      let (short, text) = try result(epochs: 1)
      let (long, _) = try result(epochs: 10)
      #expect(text.contains("\"testAccuracy\":null"))
      #expect(long.testLoss < short.testLoss)
    }

    @Test(
      .enabled(if: ProgramTests.hasData, "the large data is not here"),
      arguments: [("mnist-classifier", "mnist"), ("mnist-autoencoder", "mnist"), ("cifar-10-classifier", "cifar-10")])
    func `the paper's networks train on the real files`(preset: String, set: String) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        ["--preset", preset, "--data", "\(data)/\(set)", "--set", "training.epochs=1", "--json", "--name", "m"],
        ranks: 2, in: folder.path, timeout: 120)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      // Guessing costs log 10 = 2.3026; an autoencoder that puts out the mean image costs about 207.
      #expect(result.testLoss < (preset.hasSuffix("classifier") ? 2.295 : 200))
    }
  }
}
