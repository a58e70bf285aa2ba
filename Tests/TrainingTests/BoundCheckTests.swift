import Configurations
import Diagnostics
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// `check bound` against dense Hessians, and against bounds that are too small.
struct BoundCheckTests {
  private func check(
    _ objective: Objective, _ model: Bound, partition: Partition = .weight, curvatureScale: Double = 1,
    steps: Int = 70
  ) throws -> BoundCheck.Result {
    let bound = QuadraticBound(objective, model, partition: partition, lossPartition: .automatic)
      .scalingCurvature(by: curvatureScale)
    return try BoundCheck(steps: steps).run(objective, bound, over: SingleRank())
  }

  private func product(_ bound: ReferenceBound) -> Bound { bound == .full ? .full : .paper }

  @Test(arguments: ReferenceBound.allCases)
  func `on random problems the bound holds and the tightness is that of the dense Hessian`(bound: ReferenceBound) throws
  {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.depth = 1...3
    for seed: UInt64 in 0..<40 {
      options.deadUnits = seed.isMultiple(of: 3)
      options.withoutBias = seed.isMultiple(of: 4) ? 0.5 : 0
      var random = SmallRandom(seed: seed)
      let problem = random.problem(options)
      let result = try check(problem.objective(), product(bound))
      #expect(result.passed && result.failures == 0, "seed \(seed): \(result)")
      let expected = try problem.tightness(bound)
      #expect(abs((result.tightness ?? 0) - expected) <= 1e-9, "seed \(seed)")
      #expect((result.largestRatio ?? 0) <= expected + 1e-9)
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `half of Ẅ is found out where the bound is nearly attained`(bound: ReferenceBound) throws {
    for problem in tightProblems(bound) {
      let objective = try problem.objective()
      #expect(try check(objective, product(bound)).passed)
      let halved = try check(objective, product(bound), curvatureScale: 0.5)
      #expect(!halved.passed && (halved.tightness ?? 0) > 1.2)
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `by unit the bound holds on random problems, and is tighter`(bound: ReferenceBound) throws {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.depth = 1...3
    var (tighter, looser) = (0, 0)
    for seed: UInt64 in 0..<60 {
      options.deadUnits = seed.isMultiple(of: 3)
      options.withoutBias = seed.isMultiple(of: 4) ? 0.5 : 0
      var random = SmallRandom(seed: seed)
      let objective = try random.problem(options).objective()
      let result = try check(objective, product(bound), partition: .unit)
      #expect(result.passed && result.failures == 0, "seed \(seed): \(result)")
      guard let byUnit = result.tightness, let byWeight = try check(objective, product(bound)).tightness else {
        continue
      }
      if byUnit > byWeight { tighter += 1 } else { looser += 1 }
      // Blocks that are exactly g A have the ratio 1, but for the ridge; no block is far below its factored form in all
      // directions, since both have the same sum over the units.
      #expect(try #require(result.factoredRatio) > 0.9, "seed \(seed)")
    }
    // Units have one to four inputs here: there is little to gain.
    #expect(tighter > 2 * looser, "\(tighter) tighter, \(looser) looser")
    let wide = try randomObjective(
      [.dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 3)], inputs: 40, samples: 12)
    let byWeight = try #require(try check(wide, product(bound)).tightness)
    let byUnit = try #require(try check(wide, product(bound), partition: .unit).tightness)
    #expect(byUnit > 2 * byWeight, "\(byUnit), \(byWeight)")
  }

  @Test(arguments: ReferenceBound.allCases)
  func `by unit a smaller bound is found out`(bound: ReferenceBound) throws {
    for problem in tightProblems(bound) {
      let objective = try problem.objective()
      let tightness = try #require(try check(objective, product(bound), partition: .unit).tightness)
      guard tightness > 0 else { continue }
      let larger = try check(objective, product(bound), partition: .unit, curvatureScale: 1.001 * tightness)
      #expect(larger.passed, "\(larger)")
      let smaller = try check(objective, product(bound), partition: .unit, curvatureScale: 0.99 * tightness)
      #expect(!smaller.passed && (smaller.tightness ?? 0) > 1, "\(smaller)")
    }
  }

  @Test func `by unit the step of λ = 1 is the minimum of the bound`() throws {
    let layers: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 3, bias: false),
    ]
    for regularization in [Regularization(), Regularization(l2: 0.1)] {
      let objective = try randomObjective(layers, inputs: 3, samples: 9, regularization: regularization)
      let result = try check(objective, .paper, partition: .unit, steps: 0)
      let smaller = try check(objective, .paper, partition: .unit, curvatureScale: 1.5, steps: 0)
      // J falls by at most what B promises for larger D, and at its minimum B promises the most.
      #expect(result.predictedDecrease > smaller.predictedDecrease && smaller.predictedDecrease > 0)
      #expect(result.actualDecrease > 0)
    }
  }

  @Test func `random steps find a bound that is far too small`() throws {
    for model in Bound.allCases {
      let objective = try randomObjective(
        [.dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 3)], inputs: 3, samples: 5)
      let result = try check(objective, model, curvatureScale: 1e-3)
      #expect(result.failures > 10 && !result.passed)
    }
  }

  @Test func `the paper's Ẅ does not pass for the exact model`() throws {
    for problem in tightProblems(.full) {
      let objective = try problem.objective()
      var bound = QuadraticBound(objective, .full, lossPartition: .automatic)
      bound.curvature = QuadraticBound(objective, .paper, lossPartition: .automatic).curvature
      #expect(try !BoundCheck(steps: 7).run(objective, bound, over: SingleRank()).passed)
    }
  }

  @Test(arguments: Bound.allCases, [Loss.softmaxCrossEntropy, .squaredError, .squaredHinge])
  func `with frozen batch normalisation and dropout masks the bound holds, and a smaller one does not`(
    model: Bound, loss: Loss
  ) throws {
    for seed: UInt64 in 1...5 {
      let objective = try randomObjective(
        [
          .batchNorm, .dense(inputs: nil, outputs: 5, bias: false), .batchNorm, .activation(.sigmoid),
          .dropout(keep: 0.7), .dense(inputs: nil, outputs: 3), .activation(.tanh),
        ], inputs: 3, samples: 6, loss: loss, seed: seed, masks: Pass.DropoutMasks(seed: 1, epoch: 0))
      let result = try check(objective, model)
      #expect(result.passed, "\(result)")
      let tightness = try #require(result.tightness)
      #expect(try check(objective, model, curvatureScale: 1.001 * tightness).tightness ?? 2 <= 1)
      #expect(try check(objective, model, curvatureScale: 0.999 * tightness).tightness ?? 0 > 1)
    }
  }

  @Test func `a weight whose Ẅ is 0 and that has curvature is named`() throws {
    let objective = try attainedProblem.objective()
    var bound = QuadraticBound(objective, .paper, lossPartition: .automatic)
    let weights = objective.network.layout.blocks[2].range
    bound.curvature[weights.lowerBound] = 0
    let result = try BoundCheck(steps: 0).run(objective, bound, over: SingleRank())
    #expect(result.uncovered == ["layers.2.weight"] && !result.passed)
  }

  @Test func `at λ = 1 the predicted and the actual decrease are those of M11 and the loss`() throws {
    for seed: UInt64 in 0..<10 {
      var random = SmallRandom(seed: seed)
      let problem = random.problem()
      let result = try check(problem.objective(Regularization(l2: 0.1)), .paper, steps: 0)
      let (w, statistics) = (problem.network.parameters, problem.statistics(.paper))
      let step = w.indices.map { k in
        -(statistics.gradient[k] + 0.1 * w[k]) / (statistics.curvature[k] + 0.1)
      }
      func penalty(_ w: [Double]) -> Double { w.reduce(0) { $0 + 0.05 * $1 * $1 } }
      let after = penalty(w.indices.map { w[$0] + step[$0] })
      let predicted = statistics.meanLoss - statistics.bound(at: step) + penalty(w) - after
      let actual = problem.meanLoss - problem.moved(by: step).meanLoss + penalty(w) - after
      #expect(abs(result.predictedDecrease - predicted) <= 1e-10 * max(1, abs(predicted)), "seed \(seed)")
      #expect(abs(result.actualDecrease - actual) <= 1e-10 * max(1, abs(actual)), "seed \(seed)")
      #expect(predicted >= 0)
    }
  }

  @Test func `many weights get no tightness, and the parameters stay as they are`() throws {
    let objective = try randomObjective([.dense(inputs: nil, outputs: 30)], inputs: 20, samples: 3)
    let before = objective.parameters.all.array
    let result = try check(objective, .paper)
    #expect(result.tightness == nil && result.passed && result.steps == 70)
    #expect(objective.parameters.all.array == before)
  }
}
