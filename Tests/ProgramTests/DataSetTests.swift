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

    @Test func `a model of rows with a shape and a residual connection is used as it was trained`() throws {
      let folder = try ScratchFolder()
      let settings = [
        "data.set=csv", "data.label=kind", "data.shape=[1, 2]", "optimizer.learningRate=1", "training.batch=20",
        "network=[flatten, {residual: [{dense: 6}, tanh, {dense: 2}]}, {dense: 2}]",
      ].flatMap { ["--set", $0] }
      let run = try ProgramRun.run(
        program, settings + ["--data", try csv(folder), "--json", "--name", "csv"], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      #expect(try #require(result.testAccuracy) == 1)
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/csv/model.safetensors")
      #expect(model.metadata["inputShape"] == "[1, 2]")
      #expect(model.names.contains("layers.1.branch.2.weight"))
      let evaluation = try ProgramRun.run(program, ["evaluate", "runs/csv", "--json"], in: folder.path)
      struct Judged: Decodable { var testLoss: Double }
      let again = try JSONDecoder().decode(Judged.self, from: Data(evaluation.output.utf8))
      #expect(evaluation.exitCode == 0 && again.testLoss == result.testLoss)
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

    @Test func `the values of a CSV file are learned, with a validation set, and judged by their loss alone`() throws {
      let folder = try ScratchFolder()
      var random = SmallRandom(seed: 9)
      let rows = (0..<200).map { _ in
        let (x, y) = (random.normal(), random.normal())
        return "\(x),\(3 * x - y + 0.5),\(y)"
      }
      let path = try folder.write((["x,price,y"] + rows).joined(separator: "\n").utf8, to: "prices.csv")
      let run = try ProgramRun.run(
        program,
        [
          "--set", "data={set: csv, target: value, label: price, validation: 30, scale: none}", "--data", path,
          "--set", "network=[{dense: 1}]", "--set", "loss=squaredError",
          "--set", "optimizer={name: sgd, learningRate: 0.1}", "--set", "training.batch=20", "--set",
          "regularization.l2=0",
          "--json", "--name", "v",
        ], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      #expect(result.testAccuracy == nil)
      // The plane is exact; what is left is Float's rounding.
      #expect(result.testLoss < 1e-8)
      #expect(try #require(result.validationLoss) < 1e-8)
      let manifest = try String(contentsOfFile: folder.path + "/runs/v/manifest.json", encoding: .utf8)
      #expect(manifest.contains("\"validationSamples\" : 30") || manifest.contains("\"validationSamples\":30"))
      let judged = try ProgramRun.run(program, ["evaluate", "runs/v", "--json"], in: folder.path)
      #expect(judged.exitCode == 0, "\(judged.errors)")
    }

    @Test func `ranks whose files differ in one target value alone do not train`() throws {
      let folder = try ScratchFolder()
      for (file, last) in [("one.csv", "1.5"), ("two.csv", "1.25")] {
        let rows = (0..<20).map { "\($0),\($0).5" } + ["20,\(last)"]
        _ = try folder.write(rows.joined(separator: "\n").utf8, to: file)
      }
      let common = "--set 'data={set: csv, target: value}' --set 'network=[{dense: 1}]' --set loss=squaredError --data"
      let script = try folder.write(
        """
        [ "$OMPI_COMM_WORLD_RANK" = 1 ] && exec '\(program)' \(common) two.csv
        exec '\(program)' \(common) one.csv
        """.utf8, to: "two.sh")
      let run = try ProgramRun.run("/bin/sh", [script], ranks: 2, in: folder.path, timeout: 30)
      #expect(run.exitCode == 65 && !run.timedOut)
      #expect(run.errors.contains("the data of rank 1 differ from those of rank 0"), "\(run.errors)")
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
