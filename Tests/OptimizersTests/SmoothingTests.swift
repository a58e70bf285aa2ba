import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M14) Averages of Ẇ + ∇R and of Ẅ, and steps whose Ẅ was not computed.
@Suite struct SmoothingTests {
  /// Five steps on nine parameters with statistics as they come.
  private func problem(_ rule: ResidualPartitioning) -> SeveralSteps {
    var random = SmallRandom(seed: 31)
    let sums = (0..<5).map { _ in
      (wDot: random.step(count: 9, scale: 3), wDDot: Optional(random.step(count: 9, scale: 3).map { $0.magnitude }))
    }
    return SeveralSteps(
      rule: rule, rate: 1.7, parameters: random.step(count: 9, scale: 1), sums: sums, samples: 3,
      regularization: Regularization(l2: 0.3, l1: 0.2))
  }

  @Test(arguments: Precision.allCases)
  func `a state that keeps the last Ẅ does not change a bit of the plain step`(precision: Precision) throws {
    var steps = problem(ResidualPartitioning(damping: 0.1))
    let plain = try steps.trajectory(in: precision)
    steps.keepsCurvature = true
    #expect(try steps.trajectory(in: precision) == plain)
    steps.rule = ResidualPartitioning(curvatureDecay: 0.001, damping: 0.1)
    #expect(try steps.trajectory(in: precision) != plain)
  }

  @Test func `the step without decays has the bits of the formula in one line`() throws {
    let steps = problem(ResidualPartitioning(damping: 0.1))
    var w = steps.parameters
    let expected = steps.sums.map { sums in
      for k in w.indices {
        let gradient = sums.wDot[k] * (1 / 3.0) + 0.3 * w[k] + 0.2 * (w[k] > 0 ? 1 : (w[k] < 0 ? -1 : 0))
        let denominator = (sums.wDDot?[k] ?? .nan) * (1 / 3.0) + (1.7 * 0.3 + 0.1)
        w[k] -= 1.7 * gradient / denominator
      }
      return w
    }
    #expect(try steps.trajectory(in: .float64) == expected)
  }

  @Test(arguments: [0, 0.5], Precision.allCases)
  func `without a new Ẅ and without smoothing the last one serves`(momentum: Double, precision: Precision) throws {
    var steps = problem(ResidualPartitioning(momentum: momentum))
    for k in [1, 2, 4] { steps.sums[k].wDDot = steps.sums[k == 4 ? 3 : 0].wDDot }
    let repeated = try steps.trajectory(in: precision)
    steps.keepsCurvature = true
    for k in [1, 2, 4] { steps.sums[k].wDDot = nil }
    #expect(try steps.trajectory(in: precision) == repeated)
  }

  @Test(arguments: Precision.allCases)
  func `the average of Ẅ is corrected by the number of Ẅ, not of steps`(precision: Precision) throws {
    // One Ẅ = 4, then none: v = 2 over 1 − β₂ = ½ in every step; m = 1, 1.5, 1.75 over ½, ¾, ⅞ is 2.
    let rule = ResidualPartitioning(momentum: 0.5, curvatureDecay: 0.5)
    let steps = SeveralSteps(
      rule: rule, parameters: [1, -1],
      sums: [([2, 2], [4, 4]), ([2, 2], nil), ([2, 2], nil)])
    let expected = [[0.5, -1.5], [0, -2], [-0.5, -2.5]]
    #expect(isClose(try steps.trajectory(in: precision), expected, in: precision))
    // Corrected by the number of steps, v̂ would be 2/¾ in the second one.
    let wrong = 2 / (2 / 0.75)
    #expect(!isClose(expected[1], [0.5 - wrong, -1.5 - wrong], in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `a Ẅ that was skipped has no weight in the average`(precision: Precision) throws {
    // Ẅ = 4, none, 8: v = 2, 2, 5 over 1/2, 1/2, 3/4.
    let rule = ResidualPartitioning(curvatureDecay: 0.5)
    let steps = SeveralSteps(
      rule: rule, parameters: [0, 0],
      sums: [([4, 8], [4, 4]), ([4, 8], nil), ([4, 8], [8, 8])])
    let last = 4 / (5 / 0.75)
    let expected: [[Double]] = [[-1, -2], [-2, -4], [-2 - last, -4 - 2 * last]]
    #expect(isClose(try steps.trajectory(in: precision), expected, in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `the regulariser's curvature is neither smoothed nor divided by λ`(precision: Precision) throws {
    // First step, so m̂ = Ẇ + ρ w = 3 and v̂ = Ẅ = 2: −λ 3/(2 + λ ρ).
    let rule = ResidualPartitioning(momentum: 0.9, curvatureDecay: 0.99)
    let steps = SeveralSteps(
      rule: rule, rate: 4, parameters: [2, 2], sums: [([2, 2], [2, 2])],
      regularization: Regularization(l2: 0.5))
    let found = try steps.trajectory(in: precision)
    let (right, wrong) = (2 - 12.0 / 4, 2 - 12.0 / 2.5)
    #expect(isClose(found, [[right, right]], in: precision))
    #expect(!isClose(found, [[wrong, wrong]], in: precision))
  }

  @Test func `smoothing needs memory only for what is smoothed or kept`() throws {
    let layout = try oneOutput(3, as: Float.self)
    func averages(_ rule: any Optimizer, keepsCurvature: Bool = false) -> [Bool] {
      let state = OptimizerState<Float>(for: rule, layout, keepsCurvature: keepsCurvature)
      return [state.first?.count == 3, state.second?.count == 3]
    }
    #expect(averages(ResidualPartitioning()) == [false, false])
    #expect(averages(ResidualPartitioning(momentum: 0.9)) == [true, false])
    #expect(averages(ResidualPartitioning(curvatureDecay: 0.9)) == [false, true])
    #expect(averages(ResidualPartitioning(), keepsCurvature: true) == [false, true])
    #expect(averages(SGD(), keepsCurvature: true) == [false, false])
    #expect(averages(Momentum()) == [true, false])
    #expect(averages(RMSprop()) == [false, true])
    #expect(averages(Adam()) == [true, true])
  }
}
