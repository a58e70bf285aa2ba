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

    @Test(arguments: [("adam", "0.01"), ("residualPartitioning", "30")])
    func `an optimizer's runs are those of train with the same settings`(optimizer: String, rate: String) throws {
      let folder = try ScratchFolder()
      let settings = ["--set", "training.epochs=1", "--set", "training.precision=float64"]
      let compared = try ProgramRun.run(
        program,
        ["compare", "--optimizers", optimizer, "--seeds", "3", "--out", "records.json"] + settings
          + ["--set", "compare.learningRates.\(optimizer)=[\(rate)]", "--set", "compare.schedules=[cosine]"],
        in: folder.path)
      try #require(compared.exitCode == 0, "\(compared.errors)")
      let trained = try ProgramRun.run(
        program,
        settings + [
          "--set", "optimizer={name: \(optimizer), learningRate: \(rate)}", "--set", "schedule.name=cosine", "--set",
          "training.seed=3", "--json",
        ], in: folder.path)
      try #require(trained.exitCode == 0, "\(trained.errors)")
      struct Result: Decodable { var testLoss, trainingLoss: Double }
      let result = try JSONDecoder().decode(Result.self, from: Data(trained.output.utf8))
      let record = try #require(try records(in: folder).first)
      #expect(record.testLoss == result.testLoss)
      #expect(record.trainingLoss == result.trainingLoss)
    }

    @Test func `with equal time SGD takes its epochs, and the others as many steps as fit`() throws {
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
      // SGD is what the budget is measured by. Whatever the machine does meanwhile, the other's step is not a hundred times
      // as fast or as slow.
      #expect(records[1].steps == 150)
      #expect((2...15_000).contains(records[0].steps))
    }

    @Test(arguments: [[], ["--set", "data.validation=100", "--set", "training.stopEarly={patience: 1}"]])
    func `an SGD that diverges or stops early measures the same time`(settings: [String]) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "compare", "--optimizers", "momentum,sgd", "--seeds", "1", "--budget", "time", "--out", "records.json",
          "--set", "training.epochs=4", "--set", "training.batch=719", "--set", "compare.learningRates.sgd=[1e30]",
          "--set", "compare.learningRates.momentum=[1e-6]", "--set", "compare.schedules=[constant]",
        ] + Self.unbounded + settings, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let records = try records(in: folder)
      try #require(records.map(\.optimizer) == ["momentum", "sgd"])
      #expect(records[1].testLoss == nil && records[1].steps < 4)
      // A step of momentum is about one of SGD, whatever the machine does meanwhile; the loss falls at every epoch, so that
      // none stops it. Without a measured time it would be thousands.
      #expect((1...400).contains(records[0].steps), "\(records[0].steps) steps")
    }

    @Test func `only what is asked for is timed, and what cannot be timed is told in one sentence`() throws {
      let folder = try ScratchFolder()
      let rows = (0..<60).map { "\($0)e17,\(60 - $0)e17,\($0 % 2)" }
      _ = try folder.write(rows.joined(separator: "\n").utf8, to: "huge.csv")
      let words = [
        "compare", "--optimizers", "sgd", "--seeds", "1", "--json", "--data", "huge.csv", "--set", "data.set=csv",
        "--set", "data.scale=none", "--set", "network=[{dense: 2}]", "--set", "training.epochs=1",
        "--set", "loss=squaredError",
      ]
      let timed = try ProgramRun.run(program, words + ["--budget", "time"], ranks: 2, in: folder.path)
      #expect(timed.exitCode == 1)
      #expect(
        timed.errors
          == "rp-dist: the steps of optimizer sgd cannot be timed, because the loss is not finite at step 1: "
          + "the loss itself overflowed float32 at step 1; check the data and data.scale")
      let counted = try ProgramRun.run(program, words, in: folder.path)
      #expect(counted.exitCode == 0, "\(counted.errors)")
      #expect(counted.output.contains("\"stepsOfSGD\":null"))
    }

    /// A network whose loss overflows when its weights do.
    private static let unbounded = ["--set", "network=[{dense: 16}, softplus, {dense: 10}]"]

    @Test func `what a diverged optimizer has no value of is null in JSON, and its note says that it diverged`() throws
    {
      let folder = try ScratchFolder()
      let words =
        [
          "compare", "--optimizers", "sgd,adam", "--seeds", "1,2", "--set", "compare.learningRates.sgd=[1e30]", "--set",
          "compare.learningRates.adam=[0.01]", "--set", "compare.schedules=[constant]", "--set", "training.epochs=1",
        ] + Self.unbounded
      let run = try ProgramRun.run(program, words + ["--json"], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      struct Output: Decodable {
        struct Summary: Decodable {
          struct Mean: Decodable { var mean, halfWidth: Double }
          var optimizer: String
          var testLoss, testAccuracy: Mean?
          var learningRate, stepsOfSGD: Double?
          var learningRates: [Double]
        }
        var summaries: [Summary]
      }
      let summaries = try JSONDecoder().decode(Output.self, from: Data(run.output.utf8)).summaries
      try #require(summaries.map(\.optimizer) == ["sgd", "adam"])
      #expect(summaries[0].testLoss == nil && summaries[0].testAccuracy == nil && summaries[0].learningRate == nil)
      #expect(summaries[0].learningRates == [1e30] && (summaries[0].stepsOfSGD ?? 0) > 0)
      #expect(summaries[1].testLoss != nil && summaries[1].testAccuracy != nil && summaries[1].learningRate == 0.01)
      for key in ["learningRate", "schedule", "gridPosition", "testLoss", "testAccuracy"] {
        #expect(run.output.contains("\"\(key)\":null"), "\(run.output)")
      }

      let table = try ProgramRun.run(program, words, in: folder.path)
      #expect(table.exitCode == 0, "\(table.errors)")
      #expect(table.output.contains("sgd: diverged with every setting of the grid 1e+30, for one seed at least"))
      #expect(table.output.contains("adam: learning rate 0.01 won, the only one tried"))
      #expect(!table.output.contains("1e+30 won"))
    }

    @Test func `a file of records stays as it is until there is a record to replace it with`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write("mine".utf8, to: "records.json")
      let file = folder.path + "/records.json"
      let words = ["compare", "--optimizers", "sgd", "--seeds", "1", "--out", "records.json"]
      for (wrong, code) in [
        (["--set", "data.set=mnist", "--data", "no/where"], 66), (["--set", "training.batch=0"], 64),
        (["--set", "network=[{dense: 7}]"], 64),
      ] {
        let run = try ProgramRun.run(program, words + wrong, in: folder.path)
        #expect(run.exitCode == Int32(code), "\(run.errors)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["records.json"])
      }
      let run = try ProgramRun.run(program, words + ["--set", "training.epochs=1"], in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
      // Five rates with two schedules.
      #expect(try records(in: folder).count == 10)
      let device = try ProgramRun.run(program, words.dropLast() + ["/dev/full"], in: folder.path)
      #expect(device.exitCode == 74 && device.errors.contains("it is not a regular file"), "\(device.errors)")
    }

    @Test(arguments: [
      (["--set", "training.gradient=finiteDifference"], "training.gradient finiteDifference gives no Ẅ")
    ]) func `what train refuses is not compared`(settings: [String], words: String) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        ["compare", "--optimizers", "sgd,residualPartitioning", "--set", "optimizer.name=sgd"] + settings,
        ranks: 2, in: folder.path)
      #expect(run.exitCode == 64 && run.output.isEmpty)
      #expect(run.errors.contains("optimizer residualPartitioning cannot be compared: \(words)"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test func `a run that diverges is a record without losses`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "compare", "--optimizers", "sgd", "--seeds", "1", "--set", "compare.learningRates.sgd=[0.1, 1e30]", "--set",
          "compare.schedules=[constant]", "--set", "training.epochs=1", "--out", "records.json",
        ] + Self.unbounded, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let records = try records(in: folder)
      try #require(records.count == 2)
      #expect(records[0].testLoss != nil)
      #expect(records[1].testLoss == nil && records[1].trainingLoss == nil && records[1].testAccuracy == nil)
      #expect(run.output.contains("diverged at step"))
    }
  }
}
