import Configurations
import Datasets
import Kernels
import Networks
import TestSupport
import Testing
import Training

/// What is said to have overflowed first.
struct DivergenceTests {
  /// 28 layers of 64 units with gains above 1: Ẅ grows with every layer, up on the way of u and down on that of Z.
  private static let deep = "network=[" + String(repeating: "{dense: 64}, tanh, ", count: 28) + "{dense: 10}]"

  private func divergence(_ settings: String...) throws -> (text: String, Divergence, parameters: [Float]) {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["training={epochs: 2, initialization: he}"] + settings
    ).configuration()
    let loop = try TrainingLoop<Float>(configuration, problem: LearningProblem(configuration), ranks: 1)
    let outcome = try loop.run(over: SingleRank())
    let divergence = try #require(outcome.divergence)
    #expect(outcome.divergedAtStep == outcome.steps && divergence.step <= outcome.steps)
    return ("\(divergence)", divergence, loop.step.parameters.all.array)
  }

  @Test func `averages tell of Ẅ, and without them the statistics of an epoch's first step are formed again`() throws {
    for settings in ["optimizer.name=residualPartitioning", "optimizer.learningRate=30"] {
      let (text, divergence, parameters) = try divergence(Self.deep, settings)
      #expect(text == "wDDot of layers.22.bias overflowed float32 at step 1", "\(settings)")
      #expect(divergence.step == 1 && !divergence.mayBeEarlier)
      #expect(parameters.allSatisfy { $0.isFinite })
    }
  }

  @Test func `by unit the averages tell of g and A`() throws {
    let deeper = "network=[" + String(repeating: "{dense: 32}, relu, ", count: 60) + "{dense: 10}]"
    let text = try divergence(deeper, "optimizer.partition=unit").text
    #expect(text.wholeMatch(of: /the curvature of layers\.\d+ overflowed float32 at step 1/) != nil, "\(text)")
  }

  @Test func `what may have been earlier is said so`() throws {
    let narrow = Self.deep.replacing("64", with: "32")
    #expect(try divergence(narrow).text == "wDDot of layers.2.bias overflowed float32 by step 2")
    // Two epochs of one step: the second is not the first one's neighbour in an epoch, but its parameters are kept too.
    #expect(
      try divergence(Self.deep, "optimizer.learningRate=30", "training.batch=1000000").text.hasSuffix("at step 1"))
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
