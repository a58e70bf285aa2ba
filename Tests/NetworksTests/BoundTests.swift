import Kernels
import Networks
import TestSupport
import Testing

/// The promise of Ẅ: B(Δw) = J + Σ Ẇ Δw + ½ Σ Ẅ Δw² lies above the second-order Taylor model of the loss.
///
/// For the paper's bound (M12) the model has no products of parameter changes; for the full one (M13) it is exact.
@Suite struct BoundTests {
  @Test(arguments: ReferenceBound.allCases, [false, true])
  func `B lies above the Taylor model for random steps`(bound: ReferenceBound, generalPartition: Bool) throws {
    for seed in 0..<100 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductStatistics(problem, bound, as: Double.self, generalPartition: generalPartition)
      let model = problem.taylorModel(boundedBy: bound)
      var random = SmallRandom(seed: UInt64(seed) + 500)
      for scale in [1e-2, 1, 1e2] {
        for zeros in [0, 0.5, 0.9] {
          let step = random.sparseStep(count: product.gradient.count, scale: scale, zeros: zeros)
          let excess = model.value(at: step) - product.bound(at: step)
          #expect(excess <= 1e-12 * product.boundOfMagnitudes(at: step), "seed \(seed)")
        }
      }
    }
  }

  @Test(arguments: ReferenceBound.allCases, [false, true])
  func `no direction has more curvature than Ẅ`(bound: ReferenceBound, generalPartition: Bool) throws {
    for seed in 0..<100 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductStatistics(problem, bound, as: Double.self, generalPartition: generalPartition)
      let hessian = problem.taylorModel(boundedBy: bound).hessian
      #expect(try largestEigenvalue(hessian, over: product.curvature) <= 1 + 1e-9, "seed \(seed)")
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `half of Ẅ is too little where the bound is nearly attained`(bound: ReferenceBound) throws {
    for problem in tightProblems(bound) {
      let curvature = try ProductStatistics(problem, bound, as: Double.self).curvature
      let hessian = problem.taylorModel(boundedBy: bound).hessian
      let tightness = try largestEigenvalue(hessian, over: curvature)
      #expect(tightness > 0.6 && tightness <= 1 + 1e-9)
      #expect(try largestEigenvalue(hessian, over: curvature.map { 0.5 * $0 }) > 1.2)
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `half of Ẅ is too little in every single block`(bound: ReferenceBound) throws {
    for problem in tightProblems(bound) {
      let curvature = try ProductStatistics(problem, bound, as: Double.self).curvature
      let hessian = problem.taylorModel(boundedBy: bound).hessian
      for block in try problem.productNetwork(as: Double.self).layout.blocks {
        var halved = curvature
        for p in block.range { halved[p] *= 0.5 }
        #expect(try largestEigenvalue(hessian, over: halved) > 1 + 1e-9, "\(block.name)")
      }
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `where the bound is attained every single Ẅ is needed`(bound: ReferenceBound) throws {
    let curvature = try ProductStatistics(attainedProblem, bound, as: Double.self).curvature
    let hessian = attainedProblem.taylorModel(boundedBy: bound).hessian
    #expect((try largestEigenvalue(hessian, over: curvature) - 1).magnitude < 1e-12)
    for p in curvature.indices {
      var smaller = curvature
      smaller[p] *= 0.99
      #expect(try largestEigenvalue(hessian, over: smaller) > 1 + 1e-9, "parameter \(p)")
    }
  }

  @Test func `the paper's Ẅ does not bound the exact Taylor model`() throws {
    let violated = try tightProblems(.full).count { problem in
      let curvature = try ProductStatistics(problem, .paper, as: Double.self).curvature
      return try largestEigenvalue(problem.taylorModel(boundedBy: .full).hessian, over: curvature) > 1.01
    }
    #expect(violated == tightProblems(.full).count)
  }

  @Test(arguments: ReferenceBound.allCases)
  func `Ẇ is the slope of the model and J its value`(bound: ReferenceBound) throws {
    for seed in 0..<100 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductStatistics(problem, bound, as: Double.self)
      let model = problem.taylorModel(boundedBy: bound)
      let tolerance = roundingTolerance(problem, .float64)
      #expect(relativeDifference(product.gradient, model.gradient, floor: 1) <= tolerance, "seed \(seed)")
      #expect(relativeDifference([product.meanLoss], [model.value], floor: 1) <= tolerance, "seed \(seed)")
    }
  }

  /// λ_max(D^−½ H D^−½) with D = Ẅ, which must not be negative.
  private func largestEigenvalue(_ hessian: [[Double]], over curvature: [Double]) throws -> Double {
    try #require(curvature.allSatisfy { $0 >= 0 })
    return try scaledLargestEigenvalue(hessian, diagonal: curvature)
  }

  private func randomProblem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.depth = 1...3
    options.deadUnits = seed.isMultiple(of: 3)
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}

extension ProductStatistics {
  /// B(Δw) of (M12) without regularisation.
  fileprivate func bound(at step: [Double]) -> Double {
    zip(step, zip(gradient, curvature)).reduce(meanLoss) { $0 + $1.1.0 * $1.0 + 0.5 * $1.1.1 * $1.0 * $1.0 }
  }

  /// The sum of the magnitudes of B's terms: what the rounding of B and of the model is relative to.
  fileprivate func boundOfMagnitudes(at step: [Double]) -> Double {
    zip(step, zip(gradient, curvature)).reduce(meanLoss.magnitude) {
      $0 + ($1.1.0 * $1.0).magnitude + 0.5 * $1.1.1 * $1.0 * $1.0
    }
  }
}
