import Configurations
import Datasets
import Kernels
import TestSupport
import Testing
import Training

/// How an epoch is cut into batches.
struct TrainingPlanTests {
  static let sizes = [
    (1, 1), (10, 4), (100, 100), (101, 100), (7, 1000), (1438, 100), (1438, 479), (1438, 480), (1438, 718), (3, 2),
    (Int(Int32.max), 1), (Int(Int32.max), 2), (Int(Int32.max), 1_000_000_000),
  ]

  /// The batches of an epoch; of long ones the first, the middle and the last.
  private func batches(_ plan: TrainingPlan) -> [(k: Int, range: Range<Int>)] {
    let m = plan.stepsPerEpoch
    let chosen = m <= 2000 ? Array(0..<m) : [0, 1, m / 2 - 1, m / 2, m - 2, m - 1]
    return chosen.map { ($0, plan.minibatch($0)) }
  }

  @Test(arguments: sizes, LastBatch.allCases)
  func `the batches of an epoch follow one another, none has more than the batch`(
    size: (samples: Int, batch: Int), lastBatch: LastBatch
  ) {
    let (samples, batch) = size
    let plan = TrainingPlan(samples: samples, batch: batch, lastBatch: lastBatch, epochs: 3)
    #expect(plan.epochs == 3 && plan.steps == 3 * plan.stepsPerEpoch)
    let all = batches(plan)
    #expect(all.allSatisfy { !$0.range.isEmpty && $0.range.count <= batch })
    for (one, next) in zip(all, all.dropFirst()) where next.k == one.k + 1 {
      #expect(one.range.upperBound == next.range.lowerBound)
    }
    #expect(all.first?.range.lowerBound == 0)
    let m = (samples + batch - 1) / batch
    switch lastBatch {
    case .spread:
      #expect(plan.stepsPerEpoch == m && all.last?.range.upperBound == samples)
      // ⌊kN/m⌋ with 128 bits.
      func bound(_ k: Int) -> Int {
        let product = UInt128(k) * UInt128(samples)
        return Int(product / UInt128(m))
      }
      #expect(all.allSatisfy { $0.range == bound($0.k)..<bound($0.k + 1) })
      let counts = all.map(\.range.count)
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    case .keep:
      #expect(plan.stepsPerEpoch == m && all.last?.range.upperBound == samples)
      #expect(all.dropLast().allSatisfy { $0.range.count == batch })
    case .drop:
      #expect(plan.stepsPerEpoch == max(1, samples / batch))
      #expect(all.allSatisfy { $0.range.count == min(batch, samples) })
    }
    let cut = TrainingPlan(samples: samples, batch: batch, lastBatch: lastBatch, steps: plan.stepsPerEpoch + 1)
    #expect(cut.epochs == 2)
  }

  @Test func `in equal time slower steps are fewer`() {
    let plan = TrainingPlan(samples: 1438, batch: 100, lastBatch: .spread, epochs: 10)
    #expect(plan.fitted(toStepsTaking: 1) == plan)
    #expect(plan.fitted(toStepsTaking: 2).steps == 75)
    #expect(plan.fitted(toStepsTaking: 0.5).steps == 300)
    #expect(plan.fitted(toStepsTaking: 1e6).steps == 1)
  }

  private func loop(_ settings: [String], ranks: Int = 1) throws -> TrainingLoop<Float> {
    let configuration = try ConfigurationSource(preset: .standard, settings: settings).configuration()
    return try TrainingLoop(configuration, problem: LearningProblem(configuration), ranks: ranks)
  }

  /// The loss of the trained standard network on the training digits.
  private func trainedLoss(_ settings: [String]) throws -> Double {
    let configuration = try ConfigurationSource(preset: .standard, settings: settings).configuration()
    let problem = try LearningProblem(configuration)
    let loop = try TrainingLoop<Float>(configuration, problem: problem, ranks: 1)
    _ = try loop.run(over: SingleRank())
    return try loop.evaluate(problem.split.training, over: SingleRank()).loss
  }

  @Test(arguments: ["residualPartitioning", "adam"])
  func `a last batch of one sample harms training where it is kept, and nothing does where it is spread`(
    optimizer: String
  ) throws {
    // 1,438 samples leave one.
    let settings = ["optimizer.name=\(optimizer)", "training.batch=479"]
    let kept = try trainedLoss(settings + ["training.lastBatch=keep"])
    for lastBatch in ["spread", "drop"] {
      #expect(try trainedLoss(settings + ["training.lastBatch=\(lastBatch)"]) < 0.7 * kept)
    }
    #expect(try trainedLoss(settings) == trainedLoss(settings + ["training.lastBatch=spread"]))
  }

  @Test func `an epoch's mean loss counts the samples that took part`() throws {
    // Without steps every batch has the loss of the same weights.
    for lastBatch in LastBatch.allCases {
      let loop = try loop([
        "training.lastBatch=\(lastBatch.rawValue)", "training.batch=600", "training.epochs=2",
        "optimizer={name: sgd, learningRate: 1e-30}",
      ])
      var (losses, means, samples) = ([Double](), [Double](), [Int]())
      _ = try loop.run(over: SingleRank()) { progress in
        losses.append(progress.loss)
        samples.append(loop.plan.minibatch((progress.step - 1) % loop.plan.stepsPerEpoch).count)
      } afterEpoch: {
        means.append($0.trainingLoss)
      }
      let m = loop.plan.stepsPerEpoch
      try #require(losses.count == 2 * m && means.count == 2)
      for epoch in 0..<2 {
        let own = epoch * m..<(epoch + 1) * m
        let sum = own.reduce(0) { $0 + losses[$1] * Double(samples[$1]) }
        #expect(abs(means[epoch] - sum / Double(samples[own].reduce(0, +))) <= 1e-12 * means[epoch])
      }
      // What is dropped differs from epoch to epoch; all samples together give one mean, up to rounding.
      #expect((abs(means[0] - means[1]) > 1e-5) == (lastBatch == .drop), "\(lastBatch) \(means)")
    }
  }

  @Test func `drop is refused where a batch has more samples than are left to train on`() throws {
    let drop = ["training.lastBatch=drop", "training.batch=1400"]
    #expect(throws: Never.self) { try loop(drop) }
    let error = #expect(throws: ConfigurationError.self) { try loop(drop + ["data.validation=100"]) }
    let text = try #require(error).description
    #expect(text.contains("training.batch is 1400") && text.contains("1338 samples"))
    #expect(throws: Never.self) { try loop(["training.batch=1400", "data.validation=100"]) }
  }

  static let normalized = "network=[{dense: 8}, batchNorm, tanh, {dense: 10}]"

  @Test(arguments: [
    (["training.batch=1"], "training.batch is 1;"),
    (["training.batch=479", "training.lastBatch=keep"], "set training.lastBatch to spread"),
    (["training.batch=2", "training.lastBatch=keep", "data.validation=1"], "set training.lastBatch to drop"),
    (["training.batch=2", "data.validation=1"], "make it larger"),
    (["data.validation=1437"], "1 sample to train on"),
  ])
  func `batch normalisation over one row is refused, whatever makes it`(settings: [String], says: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try loop([Self.normalized] + settings, ranks: 3) }
    let text = try #require(error).description
    #expect(text.contains("rows (samples × positions)") && text.contains(says), "\(text)")
    // Without batch normalisation it trains.
    #expect(throws: Never.self) { try loop(settings) }
  }

  @Test(arguments: [
    ["training.batch=2"], ["training.batch=479"], ["training.batch=479", "training.lastBatch=drop"],
    ["training.batch=2", "training.lastBatch=drop", "data.validation=1"], ["training.batch=718"],
    ["training.batch=718", "training.lastBatch=keep"],
  ])
  func `batch normalisation over two rows is not`(settings: [String]) throws {
    #expect(throws: Never.self) { try loop([Self.normalized] + settings) }
  }
}
