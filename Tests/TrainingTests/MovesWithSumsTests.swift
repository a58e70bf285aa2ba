import Configurations
import Datasets
import Kernels
import Networks
import Testing
import Training

/// Steps whose weights move where their sums are formed make the same parameters, bit by bit, as steps that keep the sums.
@Suite struct MovesWithSumsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let settings: [String]
    var samples = 30
    var moves = true

    var testDescription: String { "\(settings), \(samples) samples" }
  }

  private static let network =
    "network=[{dense: 9}, tanh, {dense: {outputs: 5, bias: false}}, softplus, {dense: 20}, batchNorm, relu, {dense: 10}]"
  private static let paper = "optimizer={name: residualPartitioning, learningRate: 1}"
  private static let regularized = "regularization={l1: 1e-4, l2: 1e-3, includingBiases: true}"

  static let cases = [
    Case(settings: [paper]),
    Case(settings: [paper, regularized, "optimizer.damping=0.01"]),
    Case(settings: [paper, regularized], samples: 256),
    Case(settings: ["optimizer={name: sgd, learningRate: 0.1}", regularized]),
    Case(settings: ["data.target=input", "loss=squaredError", "network=[{dense: 9}, tanh, {dense: 64}, tanh]", paper]),
    // More samples than that gains anything of, and steps that depend on more than a weight's own sums.
    Case(settings: [paper], samples: 257, moves: false),
    Case(settings: [paper, "optimizer.bound=full"], moves: false),
    Case(settings: [paper, "optimizer.curvatureEvery=2"], moves: false),
    Case(settings: [paper, "optimizer.curvaturePower=0.5"], moves: false),
    Case(settings: [paper, "optimizer.momentum=0.9"], moves: false),
    Case(settings: [paper, "optimizer.layerScale=unit"], moves: false),
    Case(settings: [paper, "optimizer.trustRatio=on"], moves: false),
    Case(settings: ["optimizer.name=adam"], moves: false),
  ]

  /// The parameters after some steps, and whether all of them moved with their sums.
  private func trained<S: Real>(
    _ item: Case, keepsSums: Bool, as _: S.Type, samples: Int
  ) throws -> (parameters: [S], moves: Bool) {
    let configuration = try ConfigurationSource(preset: .standard, settings: [Self.network] + item.settings)
      .configuration()
    let problem = try LearningProblem(configuration)
    let network = try Network<S>(configuration.network, inputs: problem.features)
    let step = TrainingStep(
      configuration, problem: problem, network: network, parameters: network.initialParameters(.uniform, seed: 4),
      capacity: samples, keepsSums: keepsSums)
    var moves = true
    for turn in 0..<4 {
      let positions = (0..<samples).map { Int32(turn * samples + $0) }
      _ = try step.computeStatistics(positions.span, samples: samples, epoch: 1, over: SingleRank())
      moves = moves && step.movesWithSums
      try step.update(factor: 0.5, over: SingleRank())
    }
    return (step.parameters.all.array, moves)
  }

  @Test(arguments: cases)
  func `the parameters have the same bits`(item: Case) throws {
    func check<S: Real>(_: S.Type) throws {
      let found = try trained(item, keepsSums: false, as: S.self, samples: item.samples)
      let kept = try trained(item, keepsSums: true, as: S.self, samples: item.samples)
      #expect(found.moves == item.moves)
      #expect(!kept.moves)
      #expect(found.parameters == kept.parameters)
      #expect(found.parameters.allSatisfy { $0.isFinite })
    }
    try check(Float.self)
    try check(Double.self)
  }
}
