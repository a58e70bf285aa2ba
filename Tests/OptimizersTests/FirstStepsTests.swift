import Kernels
import Optimizers
import Testing

/// (M17) The first three steps by hand: α = ½ from w = (1, −1), the second parameter with the opposite gradients.
@Suite struct FirstStepsTests {
  /// The trajectory that starts at (1, −1) and makes these steps of the first parameter.
  private func trajectory(_ steps: [Double]) -> [[Double]] {
    var w = 1.0
    return steps.map { step in
      w += step
      return [w, -w]
    }
  }

  /// What the program makes of sums of these gradients over four samples.
  private func result(_ rule: any Optimizer, _ gradients: [Double], in precision: Precision) throws -> [[Double]] {
    try SeveralSteps(
      rule: rule, rate: 0.5, parameters: [1, -1], sums: gradients.map { ([4 * $0, -4 * $0], nil) }, samples: 4
    ).trajectory(in: precision)
  }

  @Test(arguments: Precision.allCases)
  func `sgd goes α g`(precision: Precision) throws {
    #expect(try result(SGD(), [4, -2, 0.5], in: precision) == trajectory([-2, 1, -0.25]))
  }

  @Test(arguments: Precision.allCases)
  func `momentum goes along the average of gradients, corrected for its start at 0`(precision: Precision) throws {
    // v = 2, 2, −2 and 1 − βᵗ = 1/2, 3/4, 7/8.
    let found = try result(Momentum(decay: 0.5), [4, 2, -6], in: precision)
    #expect(isClose(found, trajectory([-2, -1 / 0.75, 1 / 0.875]), in: precision))
    let uncorrected = trajectory([-1, -1, 1])
    #expect(!isClose(found, uncorrected, in: precision))
    #expect(!isClose([found[1]], [uncorrected[1]], in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `rmsprop divides by the root of the average square, and adds ε outside`(precision: Precision) throws {
    // s = 4, 4, 4: each root is 2.
    let found = try result(RMSprop(decay: 0.75, epsilon: 0.5), [4, 2, -2], in: precision)
    #expect(isClose(found, trajectory([-2 / 2.5, -1 / 2.5, 1 / 2.5]), in: precision))
    let inside = 4.5.squareRoot()
    #expect(!isClose(found, trajectory([-2 / inside, -1 / inside, 1 / inside]), in: precision))
    // With the correction of Adam the first average square would be 16.
    #expect(!isClose([found[0]], trajectory([-2 / 4.5]), in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `adam divides the corrected average by the root of the corrected average square`(precision: Precision) throws {
    // m = 2, 2, 4 over 1/2, 3/4, 7/8; v = 4, 4, 12 over 1/4, 7/16, 37/64.
    let found = try result(Adam(momentum: 0.5, decay: 0.75, epsilon: 0.5), [4, 2, 6], in: precision)
    let steps = [
      -0.5 * 4 / (4 + 0.5), -0.5 * (2 / 0.75) / ((64.0 / 7).squareRoot() + 0.5),
      -0.5 * (4 / 0.875) / ((12 * 64.0 / 37).squareRoot() + 0.5),
    ]
    #expect(isClose(found, trajectory(steps), in: precision))
    let uncorrected = [-0.5 * 2 / 2.5, -0.5 * 2 / 2.5, -0.5 * 4 / (12.0.squareRoot() + 0.5)]
    #expect(!isClose(found, trajectory(uncorrected), in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `smoothed residual partitioning goes λ m̂ over v̂ + δ, each with its own correction`(precision: Precision) throws {
    // m = 2, 2, 4 over 1/2, 3/4, 7/8; v = 1, 1, 3 over 1/4, 7/16, 37/64; λ = ½, δ = 1.
    let rule = ResidualPartitioning(momentum: 0.5, curvatureDecay: 0.75, damping: 1)
    let found = try SeveralSteps(
      rule: rule, rate: 0.5, parameters: [1, -1],
      sums: [([16, -16], [16, 16]), ([8, -8], [4, 4]), ([24, -24], [36, 36])], samples: 4
    ).trajectory(in: precision)
    let steps = [-0.5 * 4 / 5, -0.5 * (2 / 0.75) / (16.0 / 7 + 1), -0.5 * (4 / 0.875) / (3 * 64.0 / 37 + 1)]
    #expect(isClose(found, trajectory(steps), in: precision))
    let uncorrected = [-0.5 * 2 / 2, -0.5 * 2 / 2, -0.5 * 4 / 4]
    #expect(!isClose(found, trajectory(uncorrected), in: precision))
  }

  @Test(arguments: [Momentum(), Adam(epsilon: 0)] as [any Optimizer])
  func `on a constant gradient corrected averages make every step equally long`(rule: any Optimizer) throws {
    // g = 3: momentum goes α g, adam α.
    let step = rule is Momentum ? -1.5 : -0.5
    let found = try result(rule, [3, 3, 3, 3, 3], in: .float64)
    // 1 − 0.999ᵗ loses three digits to the 1.
    #expect(isClose(found, trajectory(Array(repeating: step, count: 5)), in: .float64, ulps: 1000))
  }

  @Test func `rmsprop, which is not corrected, begins with steps 1/√(1 − ρ) times as long`() throws {
    let found = try result(RMSprop(decay: 0.99, epsilon: 0), [3], in: .float64)
    #expect(isClose(found, trajectory([-5]), in: .float64, ulps: 64))
  }
}
