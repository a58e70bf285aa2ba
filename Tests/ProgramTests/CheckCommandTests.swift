import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist check`, as a user runs it.
  @Suite(.serialized) struct CheckCommandTests {
    private struct Gradient: Decodable, Equatable {
      struct Block: Decodable, Equatable {
        var name, verdict: String
        var parameters, compared, skipped: Int
        var approximateNorm, exactNorm, ratio: Double
      }
      var blocks: [Block]
      var samples: Int
      var step, tolerance: Double
      var passed: Bool
    }

    private func json<Output: Decodable>(
      _ arguments: [String], ranks: Int? = nil, in folder: ScratchFolder, as output: Output.Type
    ) throws -> Output {
      let run = try ProgramRun.run(program, ["check"] + arguments + ["--json"], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(arguments): \(run.errors)")
      return try JSONDecoder().decode(Output.self, from: Data(run.output.utf8))
    }

    @Test(arguments: ["squaredError", "softmaxCrossEntropy", "sigmoidCrossEntropy", "hinge", "squaredHinge"])
    func `the gradient agrees for every activation on the digits`(loss: String) throws {
      let folder = try ScratchFolder()
      for activation in ["identity", "sigmoid", "tanh", "softplus", "relu", "leakyRelu", "elu", "swish"] {
        let found = try json(
          [
            "gradient", "--set", "loss=\(loss)", "--set", "optimizer.damping=1", "--set",
            "regularization={l2: 0.01, l1: 0.001}",
            "--set", "network=[{dense: 12}, \(activation), {dense: 11}, \(activation), {dense: 10}]",
          ], in: folder, as: Gradient.self)
        #expect(found.passed && found.samples == 10 && found.blocks.count == 6)
        #expect(found.blocks.map(\.parameters) == [768, 12, 132, 11, 110, 10])
        #expect(found.blocks.map { $0.compared + $0.skipped } == [200, 12, 132, 11, 110, 10])
        #expect(found.blocks.allSatisfy { $0.ratio <= 1e-7 && $0.exactNorm > 0 }, "\(activation): \(found)")
      }
    }

    @Test(arguments: [1, 3]) func `a network with residual connections agrees, and is bounded`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let network =
        "network=[flatten, {residual: [{dense: 6}, tanh, {dense: 64}]}, {dense: 7}, {residual: [batchNorm, relu, "
        + "{residual: [{dense: 7}]}, sigmoid, {dense: 7}]}, softplus, {dense: 10}]"
      for check in [["gradient"], ["bound"], ["bound", "--bound", "full"]] {
        let arguments = ["check"] + check + ["--set", network]
        let run = try ProgramRun.run(program, arguments, ranks: ranks == 1 ? nil : ranks, in: folder.path)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      }
      let run = try ProgramRun.run(program, ["check", "gradient", "--set", network], in: folder.path)
      #expect(run.output.contains("\nlayers.3.branch.2.branch.0.weight "))
      // Columns are as wide as the longest name: the verdicts stand below each other.
      let rows = run.output.split(separator: "\n").dropFirst(2)
      let ends = rows.map { row in
        row.range(of: "  ", options: .backwards).map { row.distance(from: row.startIndex, to: $0.lowerBound) }
      }
      #expect(rows.count == 14 && Set(ends).count == 1, "\(run.output)")
    }

    @Test func `the table has one line for each block, and is the same on 1 and 3 ranks`() throws {
      let folder = try ScratchFolder()
      let network = "network=[{dense: 16}, batchNorm, relu, {dense: {outputs: 10, bias: false}}]"
      let arguments = ["check", "gradient", "--set", network]
      let alone = try ProgramRun.run(program, arguments, in: folder.path)
      try #require(alone.exitCode == 0, "\(alone.errors)")
      let lines = alone.output.split(separator: "\n")
      #expect(lines[0].hasSuffix("gradient of digits, 10 samples, float64"))
      #expect(
        lines[1].split(separator: " ") == [
          "block", "weights", "checked", "skipped", "|approx|", "|exact|", "ratio", "verdict",
        ])
      #expect(
        lines.dropFirst(2).map { $0.split(separator: " ")[0] } == [
          "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "layers.3.weight",
        ])
      #expect(lines.allSatisfy { $0.count <= 80 })
      let ranks = try ProgramRun.run(program, arguments, ranks: 3, in: folder.path)
      #expect(ranks.exitCode == 0 && ranks.output == alone.output)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "a check leaves nothing behind")
    }

    @Test func `--all looks at every weight and sample, --run at a trained model`() throws {
      let folder = try ScratchFolder()
      let network = ["--set", "network=[{dense: 3}, tanh, {dense: 10}]"]
      let all = try json(["gradient", "--all"] + network, in: folder, as: Gradient.self)
      #expect(all.samples == 1438 && all.blocks.map(\.compared) == [192, 3, 30, 10])
      let run = try ProgramRun.run(program, short + network + ["--name", "t"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let fresh = try json(["gradient"] + network, in: folder, as: Gradient.self)
      let trained = try json(["gradient", "--run", "runs/t"], in: folder, as: Gradient.self)
      #expect(trained.passed && trained.blocks.map(\.name) == fresh.blocks.map(\.name))
      #expect(trained.blocks.map(\.exactNorm) != fresh.blocks.map(\.exactNorm))
    }

    private struct BoundResult: Decodable {
      var bound: String
      var partition: String
      var factoredRatio: Double?
      var samples, steps, failures: Int
      var failureShare, predictedDecrease, actualDecrease, decreaseRatio, largestRatio: Double
      var tightness: Double?
      var uncovered: [String]
      var passed: Bool
    }

    @Test(arguments: ["paper", "full"], [nil, 3] as [Int?])
    func `the bound holds on the digits, with its tightness on a small network`(bound: String, ranks: Int?) throws {
      let folder = try ScratchFolder()
      let large = try json(
        ["bound", "--bound", bound, "--steps", "35"], ranks: ranks, in: folder, as: BoundResult.self)
      #expect(large.passed && large.failures == 0 && large.failureShare == 0 && large.uncovered.isEmpty)
      #expect(large.bound == bound && large.samples == 100 && large.steps == 35 && large.tightness == nil)
      #expect(large.predictedDecrease > 0 && large.actualDecrease >= large.predictedDecrease)
      var tightness: [Double] = []
      for partition in ["weight", "unit"] {
        let small = try json(
          [
            "bound", "--bound", bound, "--partition", partition, "--samples", "20", "--set",
            "network=[{dense: 3}, batchNorm, sigmoid, {dropout: 0.8}, {dense: 10}]",
          ], ranks: ranks, in: folder, as: BoundResult.self)
        #expect(small.passed && small.samples == 20 && small.partition == partition)
        tightness.append(try #require(small.tightness))
        #expect(tightness[tightness.count - 1] > small.largestRatio && tightness[tightness.count - 1] <= 1)
        #expect((small.factoredRatio == nil) == (partition == "weight"))
      }
      #expect(tightness[1] > tightness[0])
    }

    @Test func `--json has every key, also of what there is none`() throws {
      let folder = try ScratchFolder()
      func keys(_ check: String) throws -> [String] {
        let run = try ProgramRun.run(program, ["check", check, "--json"], in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]).keys
          .sorted()
      }
      #expect(try keys("gradient") == ["blocks", "passed", "samples", "step", "tolerance"])
      #expect(
        try keys("bound") == [
          "actualDecrease", "bound", "decreaseRatio", "factoredRatio", "failureShare", "failures", "largestRatio",
          "partition", "passed", "predictedDecrease", "samples", "steps", "tightness", "uncovered",
        ])
      #expect(try keys("replicas") == ["parameters", "ranks", "sha256", "steps"])
    }

    @Test(arguments: [nil, 1, 3] as [Int?]) func `replicas prints one line with the hash of the weights`(ranks: Int?)
      throws
    {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ["check", "replicas"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
      let pattern =
        ranks == 3
        ? /digits after 10 steps, the same on 3 ranks: sha256 [0-9a-f]{64}\n/
        : /digits after 10 steps, 1 rank: sha256 [0-9a-f]{64}\n/
      #expect(try pattern.wholeMatch(in: run.output) != nil, "\(run.output)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func `replicas of a run with --json have its steps, ranks and hash, and more steps another hash`() throws {
      struct Output: Decodable {
        var ranks, steps, parameters: Int
        var sha256: String
      }
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, short + ["--name", "r"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let found = try [2, 3].map { steps in
        try json(["replicas", "--run", "runs/r", "--steps", "\(steps)"], ranks: 2, in: folder, as: Output.self)
      }
      #expect(found.map(\.steps) == [2, 3] && found.allSatisfy { $0.ranks == 2 && $0.parameters == 6570 })
      #expect(found[0].sha256 != found[1].sha256)
    }

    @Test(arguments: [3, 4]) func `a difference between replicas stops a training run and names step and rank`(
      ranks: Int
    )
      throws
    {
      let folder = try ScratchFolder()
      for rank in [1, ranks - 1] {
        let run = try ProgramRun.run(rankChecks, ["training", "\(rank)"], ranks: ranks, in: folder.path, timeout: 30)
        #expect(run.exitCode == 70 && !run.timedOut)
        #expect(run.errors.contains("after step 15 the parameters of rank \(rank) differ from those of rank 0"))
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      }
      // A difference of rank 0 is one of all others.
      let zero = try ProgramRun.run(rankChecks, ["training", "0"], ranks: ranks, in: folder.path, timeout: 30)
      #expect(zero.exitCode == 70 && zero.errors.contains("parameters of rank 1, 2"))
      #expect(try ProgramRun.run(rankChecks, ["training", "9"], ranks: ranks, in: folder.path).exitCode == 0)
    }

    @Test func `comparing replicas while training changes nothing`() throws {
      let folder = try ScratchFolder()
      for (name, every) in [("a", "0"), ("b", "1")] {
        let run = try ProgramRun.run(
          program, short + ["--name", name, "--set", "training.checkReplicas=\(every)"], ranks: 2, in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
      }
      let models = try ["a", "b"].map { name in
        try Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/\(name)/model.safetensors"))
      }
      #expect(models[0] == models[1])
    }
  }
}
