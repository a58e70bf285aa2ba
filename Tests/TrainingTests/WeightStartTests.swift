import Configurations
import Datasets
import Kernels
import Networks
import Reweighting
import TestSupport
import Testing
import Training

/// What a network believes of labels, against plain loops, and on several ranks.
struct WeightStartTests {
  private struct Setup {
    let problem: LearningProblem
    let network: Network<Double>
    let parameters: Arena<Double>

    init() throws {
      let configuration = try ConfigurationSource(
        preset: .standard,
        settings: [
          "network=[{dense: 8}, tanh, {dense: 10}]", "data.labelNoise=on", "data.validation=150",
          "optimizer={name: sgd, learningRate: 0.3}", "schedule={name: constant}",
          "training={batch: 100, epochs: 3, precision: float64}",
        ]
      ).configuration()
      problem = try LearningProblem(configuration)
      let loop = try TrainingLoop<Double>(configuration, problem: problem, ranks: 1)
      _ = try loop.run(over: SingleRank())
      (network, parameters) = (loop.step.network, loop.step.parameters)
    }

    func start(over ranks: borrowing some GlobalSum & ~Copyable) throws -> WeightStart {
      try problem.weightStart(network, parameters, cycle: 2, over: ranks)
    }

    /// The outputs for a sample by itself.
    func outputs(_ subset: Subset, at position: Int) -> [Double] {
      let input = Matrix<Double>(rows: 1, columns: 64)
      input.elements.copy(from: subset.dataset.values(of: subset.id(at: position)).map { $0 / 8 - 1 })
      return network.forward(input, parameters: parameters.all).elements.array
    }
  }

  private static func softmax(_ y: [Double], _ beta: Double) -> [Double] {
    let e = y.map { Double.exp(beta * $0) }
    return e.map { $0 / e.reduce(0, +) }
  }

  @Test func `temperature, table and beliefs are those of plain loops`() throws {
    let setup = try Setup()
    let start = try setup.start(over: SingleRank())
    let (training, validation) = (setup.problem.split.training, try #require(setup.problem.split.validation))
    #expect(start.cycle == 2 && start.belief.count == 1288)
    let judges = (0..<validation.count).map { (setup.outputs(validation, at: $0), validation.label(at: $0)) }
    // β: the mean of the outputs of the labels is that which the probabilities expect, with a sample of any label.
    func slope(_ beta: Double) -> Double {
      judges.reduce(0.0) { sum, judge in
        let (y, label) = judge
        let expected = zip(Self.softmax(y, beta), y).reduce(0) { $0 + $1.0 * $1.1 }
        return sum + expected - y[label] + (expected - y.reduce(0, +) / 10) / 150
      }
    }
    let beta = start.inverseTemperature
    #expect(beta > 1.5, "labels that are wrong make a network unsure")
    #expect(slope(beta * (1 - 1e-9)) < 0 && slope(beta * (1 + 1e-9)) > 0)

    let examples = (0..<training.count).map {
      (Self.softmax(setup.outputs(training, at: $0), beta), training.label(at: $0))
    }
    let table = (0..<10).map { c in
      let all = examples.reduce(1) { $0 + $1.0[c] }
      return (0..<10).map { k in (0.1 + examples.filter { $0.1 == k }.reduce(0) { $0 + $1.0[c] }) / all }
    }
    // Probabilities are counted in multiples of 2⁻³⁰.
    #expect(relativeDifference(start.transitions.rows, table) <= 0x1p-28)
    let beliefs = examples.map { p, k in p[k] * table[k][k] / (0..<10).reduce(0) { $0 + p[$1] * table[$1][k] } }
    #expect(relativeDifference(start.belief, beliefs) <= 1e-7)
    #expect(abs(start.wrongShare - (1 - beliefs.reduce(0, +) / 1288)) <= 1e-7)
    // By a table of labels in place of classes, or without β, they are others.
    let transposed = examples.map { p, k in p[k] * table[k][k] / (0..<10).reduce(0) { $0 + p[$1] * table[k][$1] } }
    #expect(relativeDifference(start.belief, transposed) > 1e-3)
    let plain = (0..<training.count).map { position in
      let (p, k) = (Self.softmax(setup.outputs(training, at: position), 1), training.label(at: position))
      return p[k] * table[k][k] / (0..<10).reduce(0) { $0 + p[$1] * table[$1][k] }
    }
    #expect(relativeDifference(start.belief, plain) > 0.05)
    // They tell wrong labels from right ones.
    let flipped = try #require(setup.problem.split.isFlipped)
    let judgement = try #require(WrongLabelRanking(weights: start.belief, isFlipped: flipped))
    #expect(judgement.auc > 0.9)
  }

  @Test func `two ranks find what one finds, bit by bit`() throws {
    let one = try Setup().start(over: SingleRank())
    let two = try ThreadRanks.run { rank in try Setup().start(over: rank) }
    #expect(two == [one, one])
  }
}
