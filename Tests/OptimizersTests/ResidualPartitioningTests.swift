import Kernels
import Networks
import Optimizers
import Testing

/// (M11) by hand-made numbers: Ẇ = (1, −2, ½), Ẅ = (2, 4, 1) are means over four samples.
@Suite struct ResidualPartitioningTests {
  private let plain = OneStep(
    parameters: [2, -4, 1], wDot: [4, -8, 2], wDDot: [8, 16, 4], samples: 4, learningRate: 2)

  @Test(arguments: Precision.allCases)
  func `without regularisation the step is −λ Ẇ / Ẅ`(precision: Precision) throws {
    #expect(try plain.result(in: precision) == [2 - 1, -4 + 1, 1 - 1])
  }

  @Test(arguments: Precision.allCases)
  func `damping adds to every denominator`(precision: Precision) throws {
    var step = plain
    step.damping = 2
    let expected: [Double] = [2 - 2 / 4, -4 + 4 / 6, 1 - 1 / 3]
    #expect(isClose(try step.result(in: precision), expected, in: precision))
    #expect(!isClose(try plain.result(in: precision), try step.result(in: precision), in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `l2 adds ρ w to the gradient and λ ρ to the denominator`(precision: Precision) throws {
    var step = plain
    step.regularization = Regularization(l2: 0.5)
    let expected: [Double] = [2 - 4 / 3, -4 + 8 / 5, 1 - 2 / 2]
    let withoutRate: [Double] = [2 - 4 / 2.5, -4 + 8 / 4.5, 1 - 2 / 1.5]
    let result = try step.result(in: precision)
    #expect(isClose(result, expected, in: precision))
    #expect(!isClose(result, withoutRate, in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `l1 adds ρ sign(w) to the gradient, with sign(0) = 0, and nothing to the denominator`(
    precision: Precision
  ) throws {
    var step = plain
    step.parameters = [2, -4, 0]
    step.regularization = Regularization(l1: 0.25)
    #expect(try step.result(in: precision) == [2 - 1.25, -4 + 1.125, -1])
    step.parameters = [0, -0.0, 1]
    #expect(try step.result(in: precision) == [-1, 1, 1 - 1.5])
  }

  @Test(arguments: Precision.allCases)
  func `l1, l2 and damping add up`(precision: Precision) throws {
    var step = plain
    step.regularization = Regularization(l2: 0.5, l1: 0.25)
    step.damping = 1
    let expected: [Double] = [2 - 2 * 2.25 / 4, -4 + 2 * 4.25 / 6, 1 - 2 * 1.25 / 3]
    #expect(isClose(try step.result(in: precision), expected, in: precision))
  }

  @Test(arguments: Precision.allCases)
  func `biases can be left out of regularisation`(precision: Precision) throws {
    var step = plain
    step.regularization = Regularization(l2: 0.5, l1: 0.25)
    let all = try step.result(in: precision)
    step.regularization.includingBiases = false
    let weightsOnly = try step.result(in: precision)
    #expect(weightsOnly[..<2] == all[..<2])
    #expect(weightsOnly[2] == (try plain.result(in: precision))[2])
    #expect(weightsOnly[2] != all[2])
  }

  @Test(arguments: Precision.allCases)
  func `where the denominator is zero the weight stays`(precision: Precision) throws {
    var step = plain
    step.wDDot = [0, 16, 0]
    step.wDot = [4, -8, 0]
    step.regularization = Regularization(l1: 0.25)
    #expect(try step.result(in: precision) == [2, -4 + 1.125, 1])
    step.damping = 0.5
    #expect(try step.result(in: precision) == [-3, -3, 0])
  }

  @Test(arguments: Precision.allCases)
  func `the sums are divided by the number of samples`(precision: Precision) throws {
    var step = plain
    step.regularization = Regularization(l2: 0.5)
    let means = try step.result(in: precision)
    // Four times the samples with four times the sums, exactly representable.
    (step.wDot, step.wDDot, step.samples) = (step.wDot.map { 4 * $0 }, step.wDDot.map { 4 * $0 }, 16)
    #expect(try step.result(in: precision) == means)
    step.samples = 4
    #expect(try step.result(in: precision) != means)
  }

  @Test(arguments: [0.5, 1, 3, 300], Precision.allCases)
  func `a weight without statistics goes to 0 under l2, however large λ is`(
    learningRate: Double, precision: Precision
  ) throws {
    var step = OneStep(
      parameters: [3, -5, 7], wDot: [0, 0, 0], wDDot: [0, 0, 0], samples: 4, learningRate: learningRate,
      regularization: Regularization(l2: 0.01))
    // −λ ρ w/(λ ρ): in one step, up to rounding; after two nothing is left that could grow.
    step.parameters = try step.result(in: precision)
    #expect(isClose(step.parameters, [0, 0, 0], in: precision))
    for _ in 0..<100 { step.parameters = try step.result(in: precision) }
    #expect(isClose(step.parameters, [0, 0, 0], in: precision))
  }

  @Test func `biases of every layer are known as biases`() throws {
    let layout = try Network<Double>(
      [.dense(inputs: nil, outputs: 2), .activation(.relu), .dense(inputs: nil, outputs: 1)], inputs: 1
    ).layout
    // Layer 0: two weights, two biases; layer 2: two weights, one bias.
    let w = vector(Array(repeating: 1, count: 7), as: Double.self)
    let zeros = vector(Array(repeating: 0, count: 7), as: Double.self)
    let ones = vector(Array(repeating: 1, count: 7), as: Double.self)
    let rule = ResidualPartitioning()
    rule.update(
      w, sums: StatisticsSlice(wDot: zeros, wDDot: ones), samples: 1, state: OptimizerState(for: rule, layout),
      rate: 1,
      regularization: Regularization(l2: 1, includingBiases: false), layout: layout)
    #expect(w.array == [0.5, 0.5, 1, 1, 0.5, 0.5, 1])
    #expect(zeros.array.allSatisfy { $0 == 0 } && ones.array.allSatisfy { $0 == 1 })
  }

  @Test(arguments: Precision.allCases)
  func `not-a-number in the statistics reaches the parameters`(precision: Precision) throws {
    var step = plain
    step.wDot[0] = .nan
    step.wDDot[1] = .nan
    let result = try step.result(in: precision)
    #expect(result[0].isNaN && result[1].isNaN && result[2] == 0)
  }
}
