import Kernels
import Networks
import TestSupport
import Testing

/// On piecewise-linear networks no rule creates or loses curvature (bound: paper):
/// the sum of all Ẅ is the mean over the samples of Σ_i Z_i u_i at the output. An oracle for any size.
@Suite struct ConservationTests {
  @Test(arguments: [Activation.relu, .leakyRelu, .identity], Precision.allCases)
  func `a 50-40-30-10 network keeps its curvature`(activation: Activation, precision: Precision) throws {
    let problem = try largeProblem(activation)
    let product = try ProductStatistics(problem, .paper, in: precision)
    // squaredError: Z = h u with h = 2.
    let expected = product.curvatureAtOutput { 2 * $0 * $0 }
    #expect(relativeDifference([product.curvatureSum], [expected]) <= tolerance(problem, precision))
  }

  @Test(arguments: [Activation.relu, .leakyRelu, .identity], Precision.allCases)
  func `the general partition has its own sum`(activation: Activation, precision: Precision) throws {
    let problem = try largeProblem(activation)
    let product = try ProductStatistics(problem, .paper, in: precision, generalPartition: true)
    // Z_i = √2 Σ_k u_k √2, so Σ Z_i u_i = 2 (Σ u)².
    let sums = product.outputTotalGradient.map { $0.reduce(0, +) }
    let expected = sums.reduce(0) { $0 + 2 * $1 * $1 } / Double(sums.count)
    #expect(relativeDifference([product.curvatureSum], [expected]) <= tolerance(problem, precision))
  }

  @Test(arguments: Precision.allCases)
  func `half a bias vector's Ẅ, a missing sample and the full bound would be seen`(precision: Precision) throws {
    let problem = try largeProblem(.relu)
    let product = try ProductStatistics(problem, .paper, in: precision)
    let (sum, tolerance) = (product.curvatureSum, tolerance(problem, precision))
    for layer in product.layers {
      let wrong = sum - 0.5 * layer.biasDDot.reduce(0, +)
      #expect(relativeDifference([wrong], [sum]) > tolerance)
    }
    #expect(relativeDifference([sum * 19 / 20], [sum]) > tolerance)
    let full = try ProductStatistics(problem, .full, in: precision)
    #expect(relativeDifference([full.curvatureSum], [sum]) > tolerance)
  }

  @Test(arguments: [false, true], Precision.allCases)
  func `random piecewise-linear networks keep the curvature of every loss`(
    generalPartition: Bool, precision: Precision
  ) throws {
    var options = RandomProblemOptions()
    options.activations = ReferenceActivation.allCases.filter { $0.isPiecewiseLinear }
    options.deadUnits = true
    for seed in 0..<100 {
      var random = SmallRandom(seed: UInt64(seed))
      let problem = random.problem(options)
      let expected = problem.statistics(.paper, generalPartition: generalPartition).curvatureAtOutput
      let product = try ProductStatistics(problem, .paper, in: precision, generalPartition: generalPartition)
      let tolerance = roundingTolerance(problem, precision)
      #expect(relativeDifference([product.curvatureSum], [expected], floor: 1) <= tolerance, "seed \(seed)")
    }
  }

  /// All terms are nonnegative, so nothing cancels: the longest chain of sums gives the relative error.
  private func tolerance(_ problem: ReferenceProblem, _ precision: Precision) -> Double {
    floatTolerance(problem) * (precision == .float32 ? 1 : 0x1p-29)
  }

  /// 20 samples of 50 inputs, 40 and 30 hidden units, 10 outputs, squaredError.
  private func largeProblem(_ activation: Activation) throws -> ReferenceProblem {
    let reference = try #require(ReferenceActivation(rawValue: activation.rawValue))
    var random = SmallRandom(seed: 17)
    func dense(_ inputs: Int, _ outputs: Int) -> ReferenceNetwork.Layer {
      .dense(
        weight: (0..<outputs).map { _ in random.step(count: inputs, scale: 0.3) },
        bias: random.step(count: outputs, scale: 0.5))
    }
    let layers = [
      dense(50, 40), .activation(reference), dense(40, 30), .activation(reference), dense(30, 10),
    ]
    return ReferenceProblem(
      network: ReferenceNetwork(layers: layers), loss: .squaredError,
      inputs: (0..<20).map { _ in random.step(count: 50, scale: 1) },
      targets: (0..<20).map { _ in random.step(count: 10, scale: 1) })
  }
}

extension ProductStatistics {
  /// The mean over the samples of Σ_i c(u_i) at the output.
  fileprivate func curvatureAtOutput(_ contribution: (Double) -> Double) -> Double {
    outputTotalGradient.joined().reduce(0) { $0 + contribution($1) } / Double(outputTotalGradient.count)
  }
}
