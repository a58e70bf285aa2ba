import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// Ranks that each move a part of the parameters make the step of one rank that moves them all.
@Suite struct ParameterPartTests {
  /// The two parts of a layout: of every block the first third, and the rest.
  private static func parts(_ layout: ParameterLayout) -> [ParameterPart] {
    let cuts = layout.blocks.map { $0.range.lowerBound + $0.range.count / 3 }
    return [
      ParameterPart(zip(layout.blocks, cuts).map { $0.range.lowerBound..<$1 }, of: layout),
      ParameterPart(zip(layout.blocks, cuts).map { $1..<$0.range.upperBound }, of: layout),
    ]
  }

  /// The parameters after each step of two ranks: of each its own part.
  private func found(_ problem: DistanceProblem, sharing: Bool) throws -> [[Double]] {
    let layout = try Network<Double>(problem.layers, inputs: 4).layout
    let parts = Self.parts(layout)
    let trajectories = try ThreadRanks.run { ranks in
      try problem.trajectory(as: Double.self) { rule, w, sums, state in
        func update(over ranks: some GlobalSum, _ part: ParameterPart) throws {
          try rule.update(
            w, sums: sums, samples: DistanceProblem.samples, state: state, rate: problem.rate,
            regularization: problem.regularization, layout: layout, part: part, over: ranks)
        }
        if sharing {
          try update(over: ranks, parts[ranks.rank])
        } else {
          try update(over: SingleRank(), parts[ranks.rank])
        }
      }
    }
    return zip(trajectories[0], trajectories[1]).map { first, second in
      first.indices.map { k in parts[0].ranges.contains { $0.contains(k) } ? first[k] : second[k] }
    }
  }

  @Test(arguments: DistanceProblem.all, [1, 3])
  func `two ranks with a part each move as one rank`(problem: DistanceProblem, curvatureEvery: Int) throws {
    var problem = problem
    problem.curvatureEvery = curvatureEvery
    problem.regularization = Regularization(l2: 0.25, l1: 0.125)
    let whole = try problem.found(in: .float64)
    let tolerance = problem.tolerance(in: .float64)
    #expect(try problem.error(of: found(problem, sharing: true), whole) <= tolerance)
    // What is measured of a part alone gives other lengths; without measures nothing needs to be shared.
    let alone = try problem.error(of: found(problem, sharing: false), whole)
    #expect(problem.rule.layerScale == .none ? alone == 0 : alone > 1000 * tolerance)
  }

  @Test func `no more than the part is read and written`() throws {
    let layout = try Network<Double>([.dense(inputs: nil, outputs: 3)], inputs: 4).layout
    let part = ParameterPart([2..<7, 13..<14], of: layout)
    let inside = (0..<layout.count).map { k in part.ranges.contains { $0.contains(k) } }
    for rule in [
      SGD(), Adam(), ResidualPartitioning(layerScale: .adaptive, findsLength: true),
    ] as [any Optimizer] {
      let w = vector(Array(repeating: 1, count: layout.count), as: Double.self)
      // A number that is read elsewhere shows in every length.
      let sums = vector(inside.map { $0 ? 2 : .nan }, as: Double.self)
      let state = OptimizerState<Double>(for: rule, layout)
      for _ in 0..<2 {
        try rule.update(
          w, sums: StatisticsSlice(wDot: sums, wDDot: sums), samples: 1, state: state, rate: 0.5,
          regularization: Regularization(), layout: layout, part: part, over: SingleRank())
      }
      #expect(zip(w.array, inside).allSatisfy { $1 ? $0 < 1 : $0 == 1 })
    }
  }
}
