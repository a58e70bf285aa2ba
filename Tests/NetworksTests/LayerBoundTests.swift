import Kernels
import Networks
import TestSupport
import Testing

/// The promise of Ẅ, as in ``BoundTests``, for batch normalisation with frozen statistics, dropout masks, dense layers
/// without bias and residual connections: B lies above the Taylor model (M12), or the exact one (M13).
@Suite struct LayerBoundTests {
  private static let masks = Pass.DropoutMasks(seed: 11, epoch: 2)
  private static let frozen = Pass(normalization: .frozenMinibatch, updatesRunningAverages: false, dropout: masks)

  @Test(arguments: ReferenceBound.allCases, [false, true])
  func `no direction has more curvature than Ẅ`(bound: ReferenceBound, generalPartition: Bool) throws {
    for seed in 0..<100 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductStatistics(
        problem, bound, as: Double.self,
        generalPartition: generalPartition, pass: Self.frozen, id: 5)
      let reference = frozenReference(problem)
      let hessian = reference.taylorModel(boundedBy: bound).hessian
      try #require(product.curvature.allSatisfy { $0 >= 0 })
      #expect(try scaledLargestEigenvalue(hessian, diagonal: product.curvature) <= 1 + 1e-9, "seed \(seed)")
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `Ẇ, Ẅ and J agree with plain loops that have the same statistics and masks`(bound: ReferenceBound) throws {
    for seed in 0..<100 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductStatistics(problem, bound, as: Double.self, pass: Self.frozen, id: 5)
      #expect(product.difference(from: frozenReference(problem).statistics(bound), floor: 1) <= 1e-9, "seed \(seed)")
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `where the bound is attained every single Ẅ is needed`(bound: ReferenceBound) throws {
    let problem = attained
    let product = try ProductStatistics(problem, bound, as: Double.self)
    let hessian = problem.taylorModel(boundedBy: bound).hessian
    #expect((try scaledLargestEigenvalue(hessian, diagonal: product.curvature) - 1).magnitude < 1e-12)
    for p in product.curvature.indices {
      var smaller = product.curvature
      smaller[p] *= 0.99
      #expect(try scaledLargestEigenvalue(hessian, diagonal: smaller) > 1 + 1e-9, "parameter \(p)")
    }
  }

  @Test func `the paper's Ẅ of a normalisation does not bound the exact Taylor model`() throws {
    let curvature = try ProductStatistics(attained, .paper, as: Double.self).curvature
    #expect(try scaledLargestEigenvalue(attained.taylorModel(boundedBy: .full).hessian, diagonal: curvature) > 1.01)
  }

  /// As ``attainedProblem``: every path has the same sign, ẑ of the normalisation too, so that Δw = (1, …, 1) has
  /// Δy = u everywhere, and Jensen's inequality and that of (M13) are equalities.
  private var attained: ReferenceProblem {
    ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[0.5, 1], [0.25, 0.75]], bias: []),
        .normalization(
          ReferenceNormalization(scale: [0.5, 2], shift: [0.25, 1], mean: [-1, -0.5], variance: [2, 0.5])),
        .activation(.relu), .dense(weight: [[1, 0.5], [0.5, 0.125]], bias: [0.25, 0.5]),
      ]),
      loss: .squaredError, inputs: [[1, 2], [0.5, 0], [3, 0.25]], targets: [[0.5, 1], [0, 1], [1, -1]])
  }

  /// The reference with the minibatch's own means and variances as they are under the product's masks.
  private func frozenReference(_ problem: ReferenceProblem) -> ReferenceProblem {
    var result = problem
    result.network = problem.network.masked(seed: Self.masks.seed, epoch: Self.masks.epoch, sample: 5)
    return result.normalizedByItself
  }

  private func randomProblem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.depth = 1...3
    options.samples = 2...5
    options.withoutBias = 0.4
    options.normalization = seed.isMultiple(of: 3) ? 0 : 0.6
    options.masks = seed.isMultiple(of: 4) ? 0 : 0.8
    options.residual = seed.isMultiple(of: 2) ? 0.5 : 0
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}
