import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist check hypergradient`, as a user runs it.
  @Suite(.serialized) struct HypergradientCheckCommandTests {
    private struct Output: Decodable {
      struct Row: Decodable {
        var radius, difference, rounding: Double
        var order: Double?
        var crossesKinks: Bool
      }
      struct Strategy: Decodable {
        var strategy, verdict: String
        var rows: [Row]
        var best, order: Double?
        var tolerance: Double
      }
      var levels, samples: Int
      var strategies: [Strategy]
      var passed: Bool
    }

    private func check(_ arguments: [String], ranks: Int? = nil) throws -> Output {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, ["check", "hypergradient", "--json"] + arguments, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      return try JSONDecoder().decode(Output.self, from: Data(run.output.utf8))
    }

    @Test(arguments: ["2", "3"], [nil, 3] as [Int?])
    func `differences agree on the digits, with the order 2`(levels: String, ranks: Int?) throws {
      let found = try check(["--levels", levels], ranks: ranks)
      #expect(found.passed && found.levels == Int(levels) && found.samples == 10)
      #expect(found.strategies.map(\.strategy) == ["nested", "fused"])
      for strategy in found.strategies {
        #expect(strategy.verdict == "agrees" && strategy.rows.count == 11)
        #expect(abs(try #require(strategy.order) - 2) < 0.2)
        #expect(try #require(strategy.best) <= strategy.tolerance)
        #expect(strategy.rows.allSatisfy { !$0.crossesKinks })
      }
    }

    static let networks = [
      "network=[{dense: 24}, relu, {dense: 10}]",
      "network=[{dense: 12}, batchNorm, softplus, {dropout: 0.8}, {dense: 10}]",
    ]

    @Test(arguments: networks, ["squaredError", "softmaxCrossEntropy", "sigmoidCrossEntropy"])
    func `they agree with kinks, dropout and batch normalisation, layer by layer`(network: String, loss: String) throws
    {
      let found = try check(
        [
          "--levels", "3", "--samples", "5", "--blocks", "layers", "--set", network, "--set", "loss=\(loss)",
          "--set", "data.validation=20",
        ])
      #expect(found.passed && found.samples == 5, "\(found)")
      // At a radius of 0.1 some unit of a relu network turns on or off; the other one is smooth.
      #expect(found.strategies.allSatisfy { $0.rows[0].crossesKinks == network.contains("relu") })
    }

    @Test func `a configuration's student and blocks are taken`() throws {
      let found = try check(
        [
          "--set", "data.validation=20", "--set",
          "reweight={levels: 3, unlabelled: 100, blocks: 'encoder=0-2:0.1,head=4', "
            + "student: {network: [{dense: 12}, tanh, {dense: 10}], blocks: layers}}",
        ])
      #expect(found.passed && found.levels == 3)
    }

    @Test func `margins are kinks too`() throws {
      // Inputs of up to 16 move a margin by a multiple of the radius.
      let found = try check(
        ["--set", "loss=squaredHinge", "--set", "data.scale=none", "--set", "network=[{dense: 10}]"])
      #expect(found.passed && found.strategies[1].rows[0].crossesKinks)
    }

    @Test func `the table has a row for each radius, and verdicts`() throws {
      let folder = try ScratchFolder()
      let trained = try ProgramRun.run(program, short + ["--name", "t"], in: folder.path)
      try #require(trained.exitCode == 0, "\(trained.errors)")
      let run = try ProgramRun.run(program, ["check", "hypergradient", "--run", "runs/t"], in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n")
      #expect(lines.count == 1 + 2 + 11 + 2 && lines.allSatisfy { $0.count <= 80 }, "\(run.output)")
      #expect(lines[0].hasSuffix("hypergradient of runs/t, 2 levels, 10 samples, float64"))
      #expect(lines[3].hasPrefix("1.00e-01") && lines[13].hasPrefix("1.00e-06"))
      #expect(lines[14].hasPrefix("nested: agrees;") && lines[15].hasPrefix("fused: agrees;"))
    }
  }
}
