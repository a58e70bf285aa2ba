import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist reweight`, as a user runs it.
  @Suite(.serialized) struct ReweightCommandTests {
    private func reweight(
      _ preset: String, _ name: String, _ settings: [String] = [], ranks: Int? = nil, in folder: ScratchFolder
    ) throws -> RunResult {
      let run = try ProgramRun.run(
        program,
        ["reweight", "--preset", preset, "--name", name, "--json"] + settings.flatMap { ["--set", $0] },
        ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      return try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
    }

    private func text(_ file: String, in folder: ScratchFolder) throws -> String {
      try String(contentsOfFile: folder.path + "/runs/" + file, encoding: .utf8)
    }

    @Test func `on the digits wrong labels get small weights, and everything is on record`() throws {
      let folder = try ScratchFolder()
      let result = try reweight(
        "noisy-digits-reweight", "one", ["training.epochs=20", "reweight.cycles=1"], in: folder)
      let found = try #require(result.reweight)
      #expect(found.levels == 2 && found.examples == 1238 && found.teacher == nil)
      let flipped = try #require(found.flipped)
      // 40 % of 1,238 and four standard deviations.
      #expect(abs(flipped - 495) < 70)
      #expect(try #require(found.weights.auc) > 0.9)
      #expect(try #require(found.weights.precision) > 0.8)
      #expect(found.weights.least >= 0 && found.weights.greatest <= 1)
      let (plain, clean) = (try #require(found.unweighted), try #require(found.clean))
      #expect(try result.testLoss < #require(plain.testLoss))
      #expect(try #require(clean.testLoss) < #require(plain.testLoss))

      let rows = try text("one/weights.csv", in: folder).split(separator: "\n")
      #expect(rows.count == 1239 && rows[0] == "id,label,weight,loss,margin,trueLabel")
      let file = try SafetensorsFile(contentsOf: folder.path + "/runs/one/weights.safetensors")
      let weights = try #require(file.tensor(named: "weight")).doubles
      try #require(weights.count == 1238)
      #expect(found.lowest.count == 10)
      #expect(found.lowest.map(\.weight) == Array(weights.sorted().prefix(10)))
      #expect(found.lowest.count { $0.label != $0.trueLabel } >= 9)

      let lines = try text("one/metrics.jsonl", in: folder).split(separator: "\n")
      let metrics = try lines.map { try JSONDecoder().decode(Metrics.self, from: Data($0.utf8)) }
      #expect(metrics.count == 20)
      #expect(metrics[0].weights?.least == 1 && metrics[0].weights?.greatest == 1)
      // In single precision the recorded weights are those of the last epoch rounded.
      #expect(abs((metrics[19].weights?.mean ?? 0) - found.weights.mean) < 1e-6)
      let manifest = try JSONDecoder().decode(Manifest.self, from: Data(text("one/manifest.json", in: folder).utf8))
      #expect(manifest.result == result && manifest.status == .finished)
      #expect(found.grid == ReweightResult.Grid(setting: "auto", groups: 1, studentGroups: nil))
    }

    @Test func `every cycle trains anew, and the later ones tell wrong labels better`() throws {
      let folder = try ScratchFolder()
      let settings = ["training.epochs=20", "training.checkReplicas=200"]
      let one = try reweight("noisy-digits-reweight", "c1", settings + ["reweight.cycles=1"], in: folder)
      let three = try reweight("noisy-digits-reweight", "c3", settings, ranks: 2, in: folder)
      let cycles = try #require(three.reweight?.cycles)
      #expect(cycles.map(\.cycle) == [1, 2, 3])
      #expect(three.steps == 3 * one.steps && three.epochs == 60)
      // The last cycle's numbers are the run's.
      #expect(cycles[2].testLoss == three.testLoss && cycles[2].testAccuracy == three.testAccuracy)
      #expect(try abs(cycles[2].weights.mean - #require(three.reweight).weights.mean) < 1e-6)
      // The first one is a run of one cycle; two ranks round otherwise, in Float and over 260 steps.
      let first = try #require(one.reweight?.cycles?.first)
      #expect(one.reweight?.cycles?.count == 1 && first.inverseTemperature == nil && first.wrongShare == nil)
      #expect(try abs(#require(cycles[0].testLoss) - one.testLoss) < 0.02)
      #expect(try #require(cycles[1].weights.auc) > #require(cycles[0].weights.auc))
      for cycle in cycles.dropFirst() {
        #expect(try #require(cycle.inverseTemperature) > 1)
        #expect(try abs(#require(cycle.wrongShare) - 0.4) < 0.08)
      }
      // Compared runs take the steps of one cycle.
      #expect(
        try abs(#require(three.reweight?.unweighted?.testLoss) - #require(one.reweight?.unweighted?.testLoss)) < 0.05)

      let lines = try text("c3/metrics.jsonl", in: folder).split(separator: "\n")
      let metrics = try lines.map { try JSONDecoder().decode(Metrics.self, from: Data($0.utf8)) }
      try #require(metrics.count == 60)
      #expect(metrics.map(\.cycle) == (0..<60).map { $0 / 20 + 1 })
      #expect(metrics.map(\.epoch) == (0..<60).map { $0 % 20 + 1 })
      #expect(metrics.map(\.step) == (0..<60).map { ($0 + 1) * one.steps / 20 })
      #expect(zip(metrics, metrics.dropFirst()).allSatisfy { $0.seconds < $1.seconds })
      // Anew: the loss is that of a network that knows nothing, far above where the cycle before ended.
      #expect(metrics[40].trainingLoss > 4 * metrics[39].trainingLoss)
      // Through the warm-up the weights are the beliefs.
      #expect(metrics[20].weights?.mean != 1)
      #expect(try abs(1 - #require(metrics[20].weights).mean - #require(cycles[1].wrongShare)) < 1e-6)
      let alone = try text("c1/metrics.jsonl", in: folder)
      #expect(!alone.contains("\"cycle\""))
    }

    @Test func `a run's own configuration gives the same weights again, and train takes it too`() throws {
      let folder = try ScratchFolder()
      let short = ["training.epochs=3", "reweight.compare=false"]
      let first = try reweight("noisy-digits-reweight", "first", short, in: folder)
      #expect(first.reweight?.unweighted == nil && first.reweight?.clean == nil)
      let again = try ProgramRun.run(
        program, ["reweight", "runs/first/config.yml", "--name", "again"], in: folder.path)
      #expect(again.exitCode == 0, "\(again.errors)")
      #expect(again.output.contains("AUC of the weights: ") && again.output.contains("lowest weights:"))
      #expect(!again.output.contains("no learned weights"))
      #expect(again.output.contains("3 cycles of 3 epochs") && again.output.contains("  3: from "))
      #expect(try text("again/weights.csv", in: folder) == text("first/weights.csv", in: folder))
      let plain = try ProgramRun.run(program, ["train", "runs/first/config.yml", "--name", "plain"], in: folder.path)
      #expect(plain.exitCode == 0, "\(plain.errors)")
    }

    @Test func `with three levels the student is judged, kept and evaluated`() throws {
      let folder = try ScratchFolder()
      let result = try reweight(
        "teacher-student", "three",
        ["training.epochs=12", "reweight.student.network=[{dense: 24}, tanh, {dense: 10}]", "reweight.pairWeight=0.1"],
        in: folder)
      let found = try #require(result.reweight)
      #expect(found.levels == 3 && found.examples == 500 && found.cycles?.count == 1)
      let teacher = try #require(found.teacher)
      #expect(teacher.testLoss != result.testLoss)
      #expect(found.unweighted?.testLoss != nil && found.clean?.testLoss != nil)
      #expect(found.weights.deviation > 0)
      let student = try SafetensorsFile(contentsOf: folder.path + "/runs/three/student.safetensors")
      #expect(student.tensor(named: "layers.0.weight")?.shape == [24, 64])
      let evaluation = try ProgramRun.run(program, ["evaluate", "runs/three", "--json"], in: folder.path)
      #expect(evaluation.exitCode == 0, "\(evaluation.errors)")
      let loss = try #require(evaluation.output.firstMatch(of: /"testLoss":([0-9.e-]+)/)).output.1
      #expect(try abs(#require(Double(loss)) - result.testLoss) < 1e-9)
    }

    /// What draws, averages or is shared out in the course of learning weights.
    static let chains: [[String]] = [
      [
        "network=[{dense: 16}, batchNorm, tanh, {dropout: 0.8}, {dense: 10}]", "optimizer={name: adam}",
        "reweight.cycles=1",
      ],
      ["reweight.strategy=fused", "reweight.blocks=layers", "reweight.constraint=sigmoid", "reweight.cycles=2"],
      [
        "reweight.levels=3", "reweight.unlabelled=700", "reweight.pairWeight=0.5", "optimizer={name: adam}",
        "reweight.student.network=[{dense: 12}, relu, {dropout: 0.9}, {dense: 10}]",
      ],
      [
        "reweight.levels=3", "reweight.unlabelled=700", "reweight.strategy=nested",
        "reweight.blocks=body=0:0.02,head=2", "reweight.optimizer=adam", "reweight.learningRate=0.05",
      ],
    ]

    @Test(arguments: chains) func `1, 2, 3, 4 and 8 ranks learn the same weights in Double`(settings: [String]) throws {
      let folder = try ScratchFolder()
      func tensors(_ ranks: Int) throws -> [Double] {
        _ = try reweight(
          "noisy-digits-reweight", "r\(ranks)",
          settings + ["training={epochs: 3, precision: float64}", "reweight.warmup=1", "reweight.compare=false"],
          ranks: ranks, in: folder)
        let run = folder.path + "/runs/r\(ranks)/"
        let files = ["weights", "model"] + (settings.contains("reweight.levels=3") ? ["student"] : [])
        return try files.flatMap { name in
          try SafetensorsFile(contentsOf: run + name + ".safetensors").tensors.flatMap(\.doubles)
        }
      }
      let alone = try tensors(1)
      for ranks in [2, 3, 4, 8] {
        let other = try tensors(ranks)
        try #require(other.count == alone.count)
        #expect(relativeDifference(other, alone) <= 1e-8, "\(ranks) ranks")
      }
    }

    @Test func `a grid is recorded, and the ranks must fill it`() throws {
      let folder = try ScratchFolder()
      let settings = ["training.epochs=2", "reweight.compare=false", "reweight.strategy=fused", "reweight.grid=2x2"]
      let result = try reweight("noisy-digits-reweight", "grid", settings, ranks: 4, in: folder)
      #expect(result.reweight?.grid == ReweightResult.Grid(setting: "2x2", groups: 2, studentGroups: nil))
    }

    @Test func `where no label is true there is nothing clean to train on, and the run ends all the same`() throws {
      let folder = try ScratchFolder()
      let settings = ["training.epochs=2", "data.labelNoise.rate=1"]
      let result = try #require(
        try reweight("noisy-digits-reweight", "wrong", settings, ranks: 1, in: folder).reweight)
      #expect(result.flipped == result.examples)
      #expect(result.clean == nil && result.unweighted != nil)
    }

    @Test(arguments: [1, 3]) func `a diverging run ends in order and keeps the last good model`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program,
        [
          "reweight", "--preset", "noisy-digits-reweight", "--name", "d", "--set",
          "optimizer={name: sgd, learningRate: 1e30}",
        ], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 1)
      #expect(run.errors.contains("diverged: the loss or the hypergradient is not finite at step"), "\(run.errors)")
      let model = try SafetensorsFile(contentsOf: folder.path + "/runs/d/model.safetensors")
      #expect(model.tensors.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
      #expect(try text("d/manifest.json", in: folder).contains("\"diverged\""))
    }
  }
}
