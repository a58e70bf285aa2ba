import Configurations
import Datasets
import Kernels
import Networks
import Testing
import Training

/// The small presets learn what they are for, with every way to the gradient.
struct SmallModelTests {
  /// What training of a preset on one rank gives.
  private func train(
    _ preset: String, _ settings: [String] = []
  ) throws -> (parameters: [Double], loss: Double, outputs: [[Double]]) {
    let configuration = try ConfigurationSource(
      preset: try Preset.named(preset), settings: ["training.precision=float64"] + settings
    ).configuration()
    let problem = try LearningProblem(configuration)
    let loop = try TrainingLoop<Double>(configuration, problem: problem, ranks: 1)
    let outcome = try loop.run(over: SingleRank())
    #expect(outcome.divergedAtStep == nil)
    let (network, parameters) = (loop.step.network, loop.step.parameters)
    let evaluation = try problem.evaluate(
      network, parameters, configuration.loss, on: problem.split.test, over: SingleRank())
    #expect(evaluation.accuracy == nil)
    let test = problem.split.test
    let inputs = Matrix<Double>(rows: test.count, columns: test.features)
    let positions = (0..<Int32(test.count)).map(\.self)
    test.fill(positions.span, inputs: inputs, map: problem.map)
    return (parameters.all.array, evaluation.loss, network.forward(inputs, parameters: parameters.all).array)
  }

  @Test(arguments: 1...5) func `one weight learns that y is 2 x`(seed: Int) throws {
    let result = try train("linear", ["training.seed=\(seed)"])
    try #require(result.parameters.count == 1)
    // The error shrinks by 1 − 0.05 · 12 = 0.4 in each of 40 steps: to 1e-16 of the first, which is below 3.
    #expect(abs(result.parameters[0] - 2) <= 1e-15)
  }

  @Test func `forward differences of step ε find the line's weight ε/2 too small`() throws {
    for step in [1e-3, 0.1] {
      let result = try train("linear", ["training.gradient=finiteDifference", "training.gradientStep=\(step)"])
      // C(w + ε) = C(w), a parabola about 2, at 2 − ε/2; the rounding of C is divided by ε.
      #expect(abs(result.parameters[0] - (2 - step / 2)) <= 1e-11)
    }
  }

  @Test(arguments: 1...5, GradientMethod.allCases)
  func `sigmoid neurons learn AND, OR and XOR`(seed: Int, gradient: GradientMethod) throws {
    let result = try train("gates", ["training.seed=\(seed)", "training.gradient=\(gradient.rawValue)"])
    #expect(result.loss < 3 * 0.001)
    let bits = result.outputs.map { $0.map { $0 > 0.5 } }
    let (no, yes) = (false, true)
    #expect(bits == [[no, no, no], [no, yes, yes], [no, yes, yes], [yes, yes, no]])
  }

  @Test(arguments: 1...5, GradientMethod.allCases)
  func `a chain of sigmoid neurons learns the falling curve`(seed: Int, gradient: GradientMethod) throws {
    let result = try train("sigmoid-chain", ["training.seed=\(seed)", "training.gradient=\(gradient.rawValue)"])
    // The best constant, 0.5, has a mean squared error of 0.15.
    #expect(result.loss < 0.003)
  }

  @Test func `a step by layer targets moves the layers of a chain 4, 2 and 1 times as far`() throws {
    let start = try train("sigmoid-chain", ["training.epochs=1", "optimizer.learningRate=1e-30"]).parameters
    func change(_ gradient: GradientMethod) throws -> [Double] {
      let end = try train("sigmoid-chain", ["training.epochs=1", "training.gradient=\(gradient.rawValue)"]).parameters
      return zip(end, start).map { $0 - $1 }
    }
    let (layerTargets, exact) = (try change(.layerTargets), try change(.backpropagation))
    try #require(exact.count == 6)
    for (k, factor) in [4.0, 4, 2, 2, 1, 1].enumerated() {
      // Changes from some 1e-4 upwards of numbers below 1.
      #expect(abs(layerTargets[k] - factor * exact[k]) <= 1e-11 * abs(exact[k]) + 1e-15, "parameter \(k)")
    }
  }
}
