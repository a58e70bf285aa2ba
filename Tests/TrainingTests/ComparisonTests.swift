import Configurations
import Diagnostics
import Foundation
import Optimizers
import Testing

/// What a comparison concludes from its records.
struct ComparisonTests {
  private func record(
    _ optimizer: OptimizerConfiguration.Name, _ rate: Double?, seed: Int, loss: Double?, validation: Double? = nil,
    step: Double = 0.002
  ) -> ComparisonRecord {
    ComparisonRecord(
      optimizer: optimizer, learningRate: rate, schedule: .constant, seed: seed, epochs: 2, steps: 30, ranks: 1,
      seconds: 30 * step, secondsPerStep: step, trainingLoss: loss, validationLoss: validation, testLoss: loss,
      testAccuracy: loss.map { 1 - $0 })
  }

  @Test func `the learning rate with the least mean loss over the seeds wins`() {
    let records = [1, 2].flatMap { seed in
      [
        record(.adam, 0.001, seed: seed, loss: 0.5), record(.adam, 0.01, seed: seed, loss: 0.1 * Double(seed)),
        record(.adam, 0.1, seed: seed, loss: seed == 1 ? 0.01 : 0.9),
      ]
    }
    let summary = ComparisonSummary(records, sgdStep: 0.001)
    #expect(summary.learningRate == 0.01)
    #expect(summary.gridPosition == .inside)
    #expect(abs((summary.testLoss?.mean ?? 0) - 0.15) <= 1e-15)
    #expect(summary.learningRates == [0.001, 0.01, 0.1])
    #expect(summary.stepsOfSGD == 2)
    // t(1) = 12.706, s = 0.1/√2, n = 2: 12.706 · 0.05.
    #expect(abs((summary.testLoss?.halfWidth ?? 0) - 0.6353) <= 1e-12)
  }

  @Test func `a best rate at an edge of the grid is told, and a single one is no grid`() {
    let records = [record(.sgd, 0.1, seed: 1, loss: 0.2), record(.sgd, 0.3, seed: 1, loss: 0.1)]
    #expect(ComparisonSummary(records, sgdStep: 1).gridPosition == .highest)
    #expect(ComparisonSummary(records.reversed(), sgdStep: 1).gridPosition == .highest)
    #expect(ComparisonSummary([records[0]], sgdStep: 1).gridPosition == .single)
    #expect(ComparisonSummary([record(.residualPartitioning, nil, seed: 1, loss: 1)], sgdStep: 1).learningRate == nil)
  }

  @Test func `settings are judged on the validation set where there is one`() {
    let records = [
      record(.sgd, 0.1, seed: 1, loss: 0.2, validation: 0.1), record(.sgd, 0.3, seed: 1, loss: 0.1, validation: 0.2),
    ]
    let summary = ComparisonSummary(records, sgdStep: 1)
    #expect(summary.learningRate == 0.1)
    #expect(summary.testLoss?.mean == 0.2)
  }

  @Test func `a setting that diverged for one seed does not win`() {
    let records = [1, 2].flatMap { seed in
      [record(.sgd, 0.1, seed: seed, loss: 0.9), record(.sgd, 1, seed: seed, loss: seed == 1 ? 0.1 : nil)]
    }
    #expect(ComparisonSummary(records, sgdStep: 1).learningRate == 0.1)
  }

  @Test func `where every setting diverged there is no best, and JSON has a null for each of its values`() throws {
    let records = [0.1, 1].flatMap { rate in
      [1, 2].map { seed in record(.sgd, rate, seed: seed, loss: seed == 1 ? nil : 0.5) }
    }
    let diverged = ComparisonSummary(records, sgdStep: 0)
    #expect(diverged.testLoss == nil && diverged.testAccuracy == nil)
    #expect(diverged.learningRate == nil && diverged.schedule == nil && diverged.gridPosition == nil)
    #expect(diverged.learningRates == [0.1, 1] && diverged.schedules == [.constant])
    #expect(diverged.secondsPerStep == 0.002 && diverged.stepsOfSGD == nil)
    let data = try JSONEncoder().encode(diverged)
    #expect(try JSONDecoder().decode(ComparisonSummary.self, from: data) == diverged)
    let values = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(values.count == 10)
    let nulls = values.filter { $0.value is NSNull }.keys.sorted()
    #expect(nulls == ["gridPosition", "learningRate", "schedule", "stepsOfSGD", "testAccuracy", "testLoss"])
  }

  @Test func `losses at the end of the range have a mean, and an interval only where that is a number`() throws {
    let large = MeanWithInterval([1.5e308, 1.5e308])
    #expect(large.mean == 1.5e308 && large.halfWidth == 0)
    let far = MeanWithInterval([1e200, 3e200])
    #expect(abs(far.mean / 2e200 - 1) <= 1e-15 && far.halfWidth == nil)
    #expect(String(decoding: try JSONEncoder().encode(far), as: UTF8.self).contains("\"halfWidth\":null"))
  }

  @Test func `what train refuses for one of the settings is no comparison`() throws {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["optimizer.name=sgd", "training.gradient=finiteDifference"]
    ).configuration()
    #expect(try Comparison(configuration, optimizers: [.sgd, .adam], seeds: [1], budget: .epochs).runs == 18)
    let error = #expect(throws: ConfigurationError.self) {
      try Comparison(configuration, optimizers: [.sgd, .residualPartitioning], seeds: [1], budget: .epochs)
    }
    #expect(error?.description.hasPrefix("optimizer residualPartitioning cannot be compared: ") == true)
  }

  @Test func `intervals narrow with more seeds, and one seed has none`() {
    #expect(MeanWithInterval([3]).halfWidth == nil)
    let three = MeanWithInterval([1, 2, 3])
    #expect(three.mean == 2)
    // t(2) = 4.303, s = 1, n = 3.
    #expect(abs((three.halfWidth ?? 0) - 4.303 / 3.0.squareRoot()) <= 1e-12)
    // Beyond the table: t(99) = 1.9842.
    let many = MeanWithInterval((0..<100).map { Double($0 % 2) })
    let deviation = (25.0 / 99).squareRoot()
    #expect(abs((many.halfWidth ?? 0) / (deviation / 10) - 1.9842) <= 1e-3)
  }
}
