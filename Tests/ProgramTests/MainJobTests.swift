import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// The main job, as a user runs it.
  @Suite(.serialized) struct MainJobTests {
    @Test(arguments: [nil, 1, 2, 3, 8] as [Int?])
    func `without arguments it trains the built-in digits to 96 percent and leaves a run folder`(ranks: Int?) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.isEmpty)

      let lines = run.output.split(separator: "\n")
      let accuracy = try #require(try /test accuracy: (\d+\.\d) %/.wholeMatch(in: lines[lines.count - 1])?.1)
      #expect(try #require(Double(accuracy)) >= 96)
      #expect(lines.count { $0.hasPrefix("rp-dist ") } == 1)
      #expect(lines.count { $0.hasPrefix("test accuracy:") } == 1)
      #expect(!run.output.contains("\r"), "a file gets plain lines, not a bar")

      let runs = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs")
      #expect(runs.count == 1)
      let name = try #require(runs.first)
      #expect(try /digits-\d{4}-\d\d-\d\d-\d{6}/.wholeMatch(in: name) != nil)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs/" + name).sorted()
      #expect(files == ["checkpoints", "config.yml", "manifest.json", "metrics.jsonl", "model.safetensors"])
    }

    @Test func `the manifest and the metrics tell what the run was`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, short + ["--name", "first"], ranks: 3, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let manifest = try JSONDecoder().decode(
        Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/first/manifest.json")))
      #expect(manifest.status == .finished)
      #expect(manifest.ranks == 3)
      #expect(manifest.hosts.count == 3)
      #expect(manifest.data.trainingSamples == 1438)
      #expect(manifest.data.testSamples == 359)
      #expect(manifest.data.sha256.count == 64)
      #expect(manifest.parametersSHA256?.count == 64)
      let metrics = try String(contentsOfFile: folder.path + "/runs/first/metrics.jsonl", encoding: .utf8)
      let lines = try metrics.split(separator: "\n").map { line in
        try JSONDecoder().decode(Metrics.self, from: Data(line.utf8))
      }
      #expect(lines.map(\.epoch) == [1, 2])
      #expect(lines.map(\.step) == [15, 30])
      #expect(lines[1].trainingLoss < lines[0].trainingLoss)
    }

    @Test(arguments: [nil, 3] as [Int?]) func `--json prints one object with every key and nothing else`(ranks: Int?)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, short + ["--json", "--name", "j"], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      let keys = try #require(object).keys.sorted()
      #expect(
        keys == [
          "bestEpoch", "epochs", "ranks", "run", "seconds", "steps", "testAccuracy", "testLoss", "trainingAccuracy",
          "trainingLoss", "validationAccuracy", "validationLoss",
        ])
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      #expect(result.run == "runs/j")
      #expect(result.steps == 30)
      #expect(result.ranks == ranks ?? 1)
    }

    @Test func `a run's configuration trains the same model again, bit by bit`() throws {
      let folder = try ScratchFolder()
      let first = try ProgramRun.run(program, short + ["--name", "a"], in: folder.path)
      try #require(first.exitCode == 0, "\(first.errors)")
      let again = try ProgramRun.run(program, ["train", "runs/a/config.yml", "--name", "b"], in: folder.path)
      try #require(again.exitCode == 0, "\(again.errors)")
      let models = try ["a", "b"].map { name in
        try Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/\(name)/model.safetensors"))
      }
      #expect(models[0] == models[1])
    }

    @Test func `the program alone, in another folder and with an empty environment, still trains`() throws {
      let folder = try ScratchFolder()
      let copy = folder.path + "/copy"
      try FileManager.default.copyItem(atPath: program, toPath: copy)
      let run = try ProgramRun.run(copy, short, in: folder.path, onlyEnvironment: true)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.output.contains("test accuracy:"))
    }

    @Test func `without a launcher a setting of Open MPI that the user made wins`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, short, in: folder.path, environment: ["OMPI_MCA_pml": "there_is_no_such_pml"])
      #expect(run.exitCode != 0)
      #expect(!run.timedOut)
    }

    @Test(arguments: ["float32", "float64"]) func `the model file keeps the precision`(precision: String) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, short + ["--set", "training.precision=\(precision)", "--name", "p"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/p/model.safetensors")
      #expect(model.names.sorted() == ["0", "2", "4"].flatMap { ["layers.\($0).bias", "layers.\($0).weight"] })
      #expect(model.tensors.allSatisfy { $0.dtype == (precision == "float32" ? .f32 : .f64) })
    }

    @Test(arguments: [nil, 3] as [Int?]) func `evaluate finds the test loss and accuracy of the run again`(ranks: Int?)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, short + ["--set", "training.precision=float64", "--json", "--name", "e"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let result = try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      let again = try ProgramRun.run(program, ["evaluate", "runs/e", "--json"], ranks: ranks, in: folder.path)
      try #require(again.exitCode == 0, "\(again.errors)")
      struct Judged: Decodable { var testLoss, testAccuracy: Double }
      let judged = try JSONDecoder().decode(Judged.self, from: Data(again.output.utf8))
      // In Double, in products of other shapes and sums of 359 losses in another order.
      #expect(abs(judged.testLoss - result.testLoss) <= 1e-12 * result.testLoss)
      #expect(judged.testAccuracy == result.testAccuracy)
    }

    @Test(arguments: [
      ("--help", "mpirun -n 8 rp-dist"), ("help", "mpirun -n 8 rp-dist"), ("train --help", "--preset list"),
      ("evaluate --help", "rp-dist evaluate runs/first"), ("compare --help", "--out classifier.json"),
      ("reweight --help", "--preset teacher-student"), ("statistics --help", "--network dense,tanh,dense"),
      ("check --help", "rp-dist check gradient"), ("check gradient --help", "--run runs/first --samples 100"),
      ("check bound --help", "--bound full --steps 1000"),
      ("hypergradient --help", "encoder=0:0.01,head=2:0.05"),
      ("check hypergradient --help", "--run runs/first --samples 5"),
      ("bench hypergradient --help", "--grid 4x2 --json"), ("bench start --help", "rp-dist bench start --json"),
      ("check resume --help", "mpirun -n 4 rp-dist check resume my.yml"),
      ("doctor --help", "srun --mpi=pmix rp-dist doctor my.yml --json"),
      ("check replicas --help", "mpirun -n 4 rp-dist check replicas"),
      ("settings --help", "rp-dist settings learningRate"), ("settings", "\nreweight.compare\n"),
      ("settings training.batch", "over all ranks together"),
      ("settings --markdown", "| `training.batch` | whole number |"),
      ("bench --help", "rp-dist bench step"), ("bench", "rp-dist bench step"), ("bench step --help", "--repeats 51"),
      ("--version", "0."), ("--preset list", "mnist-autoencoder"), ("compare --preset list", "mnist-autoencoder"),
      ("check gradient --preset list", "mnist-autoencoder"),
    ])
    func `help with examples, version and presets print once under mpirun`(words: String, example: String) throws {
      let folder = try ScratchFolder()
      let arguments = words.split(separator: " ").map(String.init)
      let alone = try ProgramRun.run(program, arguments, in: folder.path)
      let ranks = try ProgramRun.run(program, arguments, ranks: 3, in: folder.path)
      #expect(alone.exitCode == 0 && ranks.exitCode == 0)
      #expect(alone.output.contains(example), "\(alone.output)")
      #expect(ranks.output == alone.output)
      if words.contains("help") {
        for line in alone.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
      }
    }
  }
}
