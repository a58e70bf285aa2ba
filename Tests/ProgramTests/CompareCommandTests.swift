import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist compare`, as a user runs it.
  @Suite(.serialized) struct CompareCommandTests {
    /// A small comparison of the digits.
    static let small = [
      "compare", "--optimizers", "residualPartitioning,adam,sgd", "--seeds", "1..2", "--set", "training.epochs=1",
      "--set", "compare.learningRates.adam=[0.001, 0.01]", "--set", "compare.learningRates.sgd=[0.03, 0.1, 0.3]",
      "--set", "compare.schedules=[linear]", "--out", "records.json",
    ]

    private struct Record: Decodable {
      var optimizer, schedule: String
      var learningRate: Double?
      var seed, steps, ranks: Int
      var epochs, seconds, secondsPerStep: Double
      var trainingLoss, testLoss, testAccuracy: Double?
    }

    private func records(in folder: ScratchFolder) throws -> [Record] {
      try JSONDecoder().decode(
        [Record].self, from: Data(contentsOf: URL(fileURLWithPath: folder.path + "/records.json")))
    }

    @Test(arguments: [nil, 3] as [Int?])
    func `it writes a record per run and prints a table with each optimizer's best`(
      ranks: Int?
    ) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, Self.small, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let records = try records(in: folder)
      // Two seeds of one, two and three settings.
      #expect(records.count == 12)
      for seed in [1, 2] {
        let own = records.filter { $0.seed == seed }
        #expect(own.filter { $0.optimizer == "residualPartitioning" }.map(\.learningRate) == [nil])
        #expect(own.filter { $0.optimizer == "adam" }.map(\.learningRate) == [0.001, 0.01])
        #expect(own.filter { $0.optimizer == "sgd" }.map(\.learningRate) == [0.03, 0.1, 0.3])
      }
      #expect(records.allSatisfy { $0.epochs == 1 && $0.steps == 15 && $0.ranks == ranks ?? 1 })
      #expect(records.allSatisfy { $0.seconds > 0 && $0.testLoss != nil && $0.testAccuracy != nil })
      #expect(run.output.contains("optimizer             learning rate  schedule  test loss"))
      #expect(run.output.contains("sgd: learning rate 0.3 won, AT THE UPPER EDGE of the grid 0.03, 0.1, 0.3"))
      #expect(run.output.split(separator: "\n").count { $0.contains("/12 ") } == 12)
    }

    @Test func `an optimizer's runs are those of train with the same settings`() throws {
      let folder = try ScratchFolder()
      let settings = ["--set", "training.epochs=1", "--set", "training.precision=float64"]
      let compared = try ProgramRun.run(
        program,
        ["compare", "--optimizers", "adam", "--seeds", "3", "--out", "records.json"] + settings
          + ["--set", "compare.learningRates.adam=[0.01]", "--set", "compare.schedules=[cosine]"], in: folder.path)
      try #require(compared.exitCode == 0, "\(compared.errors)")
      let trained = try ProgramRun.run(
        program,
        settings + [
          "--set", "optimizer={name: adam, learningRate: 0.01}", "--set", "schedule.name=cosine", "--set",
          "training.seed=3", "--json",
        ], in: folder.path)
      try #require(trained.exitCode == 0, "\(trained.errors)")
      struct Result: Decodable { var testLoss, trainingLoss: Double }
      let result = try JSONDecoder().decode(Result.self, from: Data(trained.output.utf8))
      let record = try #require(try records(in: folder).first)
      #expect(record.testLoss == result.testLoss)
      #expect(record.trainingLoss == result.trainingLoss)
    }

    @Test func `with equal time a slower step takes fewer of them`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "compare", "--optimizers", "residualPartitioning,sgd", "--seeds", "1", "--budget", "time", "--out",
          "records.json", "--set", "training.epochs=10", "--set", "compare.learningRates.sgd=[0.1]", "--set",
          "compare.schedules=[constant]", "--set", "training.precision=float64",
        ], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let records = try records(in: folder)
      try #require(records.map(\.optimizer) == ["residualPartitioning", "sgd"])
      // SGD is what the budget is measured by; a step with Ẅ has more than its products.
      #expect(records[1].steps == 150)
      #expect(records[0].steps < 150)
    }

    @Test func `a run that diverges is a record without losses`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "compare", "--optimizers", "sgd", "--seeds", "1", "--set", "compare.learningRates.sgd=[0.1, 1e30]", "--set",
          "compare.schedules=[constant]", "--set", "training.epochs=1", "--set",
          "network=[{dense: 16}, softplus, {dense: 10}]", "--out", "records.json",
        ], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let records = try records(in: folder)
      try #require(records.count == 2)
      #expect(records[0].testLoss != nil)
      #expect(records[1].testLoss == nil && records[1].trainingLoss == nil && records[1].testAccuracy == nil)
      #expect(run.output.contains("diverged at step"))
    }
  }
}
