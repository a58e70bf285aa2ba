import Configurations
import Datasets
import Kernels
import Networks
import TestSupport
import Testing
import Training

/// What is said to have overflowed first.
struct DivergenceTests {
  private func divergence(_ settings: String...) throws -> (text: String, Divergence, parameters: [Float]) {
    try divergence(["training={epochs: 2, initialization: he}"] + settings)
  }

  /// The same with a Ẅ that overflows.
  private func divergenceOfCurvature(
    _ settings: String..., keep: Double = 0.5
  ) throws -> (text: String, Divergence, parameters: [Float]) {
    let folder = try ScratchFolder()
    return try divergence(OverflowingCurvature(in: folder, keep: keep).settings + settings)
  }

  private func divergence(_ settings: [String]) throws -> (text: String, Divergence, parameters: [Float]) {
    let configuration = try ConfigurationSource(preset: .standard, settings: settings).configuration()
    let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
    let outcome = try loop.run(over: SingleRank())
    let divergence = try #require(outcome.divergence)
    #expect(outcome.divergedAtStep == outcome.steps && divergence.step <= outcome.steps)
    return ("\(divergence)", divergence, loop.step.parameters.all.array)
  }

  @Test func `averages tell of Ẅ, and without them the statistics of an epoch's first step are formed again`() throws {
    for settings in ["optimizer.partition=weight", "optimizer.learningRate=30"] {
      let (text, divergence, parameters) = try divergenceOfCurvature(settings)
      #expect(text.wholeMatch(of: /wDDot of layers\.\d+\.bias overflowed float32 at step 1/) != nil, "\(text)")
      #expect(divergence.step == 1 && !divergence.mayBeEarlier)
      #expect(parameters.allSatisfy { $0.isFinite })
    }
  }

  @Test func `by unit the averages tell of g and A`() throws {
    let text = try divergenceOfCurvature("optimizer.partition=unit").text
    #expect(text.wholeMatch(of: /the curvature of layers\.\d+ overflowed float32 at step 1/) != nil, "\(text)")
  }

  @Test func `what may have been earlier is said so`() throws {
    // Seldom a mask, so that it takes some steps until one meets an infinite Z.
    let late = try divergenceOfCurvature("optimizer.partition=weight", keep: 0.998).text
    #expect(late.contains(/bias overflowed float32 by step \d/), "\(late)")
    // Two epochs of one step: the second is not the first one's neighbour in an epoch, but its parameters are kept too.
    #expect(
      try divergenceOfCurvature("optimizer.learningRate=30", "training.batch=1000000").text.hasSuffix("at step 1"))
  }

  @Test func `parameters, outputs and the loss are told apart`() throws {
    let sgd = ["optimizer={name: sgd, learningRate: 1e30}", "regularization.l2=0"]
    #expect(
      try divergence(sgd[0], sgd[1], "network=[{dense: 16}, softplus, {dense: 10}]").text
        == "the output of layers.2 overflowed float32 at step 2")
    let relu = ["loss=squaredError", "network=[{dense: 16}, relu, {dense: 10}]"]
    let parameters = try divergence(sgd[0].replacing("1e30", with: "3e38"), sgd[1], relu[0], relu[1])
    #expect(
      parameters.text.wholeMatch(of: /layers\.\d\.(weight|bias) overflowed float32 at step 1/) != nil,
      "\(parameters.text)")
    let loss = try divergence(sgd[0].replacing("1e30", with: "1000"), relu[0], relu[1])
    #expect(loss.text.hasPrefix("the loss itself overflowed float32 at step"), "\(loss.text)")
  }
}
