import Configurations
import Datasets
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// The distributed step on one rank, against the reference implementation and (M11) by hand.
struct TrainingStepTests {
  @Test(arguments: [ReferenceBound.paper, .full])
  func `three steps on the digits follow the reference statistics and M11`(bound: ReferenceBound) throws {
    let configuration = try ConfigurationSource(
      preset: .standard,
      settings: ["optimizer.learningRate=3"] + [
        "network=[{dense: 5}, tanh, {dense: 10}]", "optimizer.bound=\(bound.rawValue)", "optimizer.damping=0.01",
        "regularization.l2=0.001",
      ]
    ).configuration()
    let problem = try LearningProblem(configuration)
    let network = try Network<Double>(configuration.network, inputs: problem.features)
    let parameters = network.initialParameters(.uniform, seed: 4)
    var expected = parameters.all.array
    let step = TrainingStep(configuration, problem: problem, network: network, parameters: parameters, capacity: 12)

    for turn in 0..<3 {
      let positions = (0..<12).map { Int32(100 * turn + 7 * $0) }
      let inputs = positions.map { position in
        let subset = problem.split.training
        return subset.dataset.values(of: subset.id(at: Int(position))).map { $0 / 8 - 1 }
      }
      let targets = positions.map { position in
        (0..<10).map { $0 == problem.split.training.label(at: Int(position)) ? 1.0 : 0.0 }
      }
      let reference = reference(expected, inputs: inputs, targets: targets).statistics(bound)
      let loss = try step.computeStatistics(positions.span, samples: 12, epoch: 1, over: SingleRank())
      try step.update(factor: 1, over: SingleRank())

      #expect(abs(loss - reference.meanLoss) <= 1e-13 * reference.meanLoss)
      for k in expected.indices {
        expected[k] -=
          3 * (reference.gradient[k] + 0.001 * expected[k]) / (reference.curvature[k] + 3 * 0.001 + 0.01)
      }
      // Statistics agree to 1e-12 of a tensor's largest element; the step divides by at least 0.013.
      #expect(relativeDifference(parameters.all.array, expected) <= 1e-9)
    }
  }

  /// 64-5-10 with tanh, with these parameters in the order of the arenas.
  private func reference(_ parameters: [Double], inputs: [[Double]], targets: [[Double]]) -> ReferenceProblem {
    let shape = ReferenceNetwork(layers: [
      .dense(
        weight: [[Double]](repeating: [Double](repeating: 0, count: 64), count: 5),
        bias: [Double](repeating: 0, count: 5)),
      .activation(.tanh),
      .dense(
        weight: [[Double]](repeating: [Double](repeating: 0, count: 5), count: 10),
        bias: [Double](repeating: 0, count: 10)),
    ])
    return ReferenceProblem(
      network: shape.replacingParameters(parameters), loss: .softmaxCrossEntropy, inputs: inputs, targets: targets)
  }

  @Test func `a rank without samples contributes nothing`() throws {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["optimizer.learningRate=1", "regularization.l2=0"]
    )
    .configuration()
    let problem = try LearningProblem(configuration)
    let network = try Network<Float>(configuration.network, inputs: problem.features)
    let step = TrainingStep(
      configuration, problem: problem, network: network, parameters: network.initialParameters(.uniform, seed: 1),
      capacity: 4)
    let positions: [Int32] = [0, 1, 2, 3]
    _ = try step.computeStatistics(positions.span, samples: 4, epoch: 1, over: SingleRank())
    #expect(try step.computeStatistics(positions.span.extracting(0..<0), samples: 4, epoch: 1, over: SingleRank()) == 0)
    let before = step.parameters.all.array
    try step.update(factor: 1, over: SingleRank())
    #expect(step.parameters.all.array == before, "with all sums zero the denominators are zero, and nothing moves")
  }
}
