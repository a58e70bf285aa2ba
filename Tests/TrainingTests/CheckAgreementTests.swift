import Configurations
import Diagnostics
import Kernels
import Networks
import TestSupport
import Testing

/// Ranks whose own numbers differ must still communicate alike and come to one result: that of rank 0's numbers.
struct CheckAgreementTests {
  private static let layers: [LayerConfiguration] = [
    .dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 3),
  ]

  /// An objective whose gradient is too large by a factor in the blocks of the first layer.
  private static func objective(factor: Double) throws -> Objective {
    try randomObjective(layers, inputs: 3, samples: 5) {
      [$0[0], LayerConfiguration(WrongLayer($0[1], factor: factor)), $0[2]]
    }
  }

  @Test(arguments: [0, 1]) func `the gradient is rank 0's on both ranks, whichever of them has a wrong one`(
    wrong: Int
  ) throws {
    let results = try ThreadRanks.run { ranks in
      try GradientCheck().run(Self.objective(factor: ranks.rank == wrong ? 1.001 : 1), over: ranks)
    }
    try #require(results.count == 2)
    let alone = try GradientCheck().run(Self.objective(factor: wrong == 0 ? 1.001 : 1), over: SingleRank())
    #expect(alone.contains { $0.verdict == .differs } == (wrong == 0))
    for result in results {
      #expect(result.map(\.verdict) == alone.map(\.verdict))
      #expect(result.map(\.ratio) == alone.map(\.ratio))
    }
  }

  @Test(arguments: [0, 1]) func `the bound is rank 0's on both ranks, whichever of them has a wrong one`(
    wrong: Int
  ) throws {
    let results = try ThreadRanks.run { ranks in
      let objective = try Self.objective(factor: 1)
      var bound = QuadraticBound(objective, .paper, lossPartition: .automatic)
      if ranks.rank == wrong { bound.curvature = bound.curvature.map { 1e-3 * $0 } }
      return try BoundCheck(steps: 35).run(objective, bound, over: ranks)
    }
    try #require(results.count == 2)
    #expect(results.allSatisfy { $0.passed == (wrong == 1) })
    #expect(results[0].failures == results[1].failures && results[0].largestRatio == results[1].largestRatio)
    #expect(results[0].tightness == results[1].tightness)
  }

  @Test func `ranks that add different numbers of vectors are found out, not waited for`() throws {
    #expect(throws: ThreadRanks.Alone.self) {
      try ThreadRanks.run { ranks in try ranks.sum(Arena<Double>(count: 1 + ranks.rank).all) }
    }
  }
}
