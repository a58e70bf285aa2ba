import Configurations
import Datasets
import Kernels
import Networks
import Reweighting
import TestSupport
import Testing
import Training

/// The loss and the margin of each sample by itself.
struct ExamineTests {
  private func problem(_ settings: String...) throws -> (Configuration, LearningProblem, Network<Double>, Arena<Double>)
  {
    let configuration = try ConfigurationSource(
      preset: .standard, settings: ["network=[{dense: 5}, tanh, {dense: 10}]"] + settings
    ).configuration()
    let problem = try LearningProblem(configuration)
    let network = try Network<Double>(configuration.network, inputs: problem.features)
    return (configuration, problem, network, network.initialParameters(.uniform, seed: 4))
  }

  @Test(arguments: ["softmaxCrossEntropy", "squaredError", "squaredHinge"])
  func `they are those that plain loops give, by the labels that are trained on`(loss: String) throws {
    let (configuration, problem, network, parameters) = try problem("loss=\(loss)", "data.labelNoise=on")
    let subset = problem.split.training
    let found = try problem.examine(network, parameters, configuration.loss, on: subset, chunk: 64, over: SingleRank())
    #expect(found.losses.count == 1438)
    let margins = try #require(found.margins)
    #expect(margins.count == 1438)
    network.reserve(samples: 1)
    let input = Matrix<Double>(rows: 1, columns: 64)
    for position in [0, 1, 63, 64, 700, 1437] {
      input.elements.copy(from: subset.dataset.values(of: subset.id(at: position)).map { $0 / 8 - 1 })
      let (y, c) = (network.forward(input, parameters: parameters.all).elements.array, subset.label(at: position))
      let others = y.indices.filter { $0 != c }.map { y[$0] }
      let expected =
        switch configuration.loss {
        case .squaredError: y.indices.reduce(0) { $0 + (y[$1] - ($1 == c ? 1 : 0)) * (y[$1] - ($1 == c ? 1 : 0)) }
        case .squaredHinge: others.reduce(0) { $0 + max(0, $1 - y[c] + 1) * max(0, $1 - y[c] + 1) }
        default: Double.log(y.reduce(0) { $0 + Double.exp($1) }) - y[c]
        }
      // Sums of ten numbers near 1, and outputs of products with other numbers of rows.
      #expect(abs(found.losses[position] - expected) <= 1e-13 * max(1, expected))
      #expect(abs(margins[position] - (y[c] - (try #require(others.max())))) <= 1e-13)
    }
    let mean = try problem.evaluate(network, parameters, configuration.loss, on: subset, over: SingleRank())
    #expect(abs(found.losses.reduce(0, +) / 1438 - mean.loss) <= 1e-12 * mean.loss)
    #expect(Double(margins.count { $0 > 0 }) / 1438 == mean.accuracy)
  }

  @Test func `two ranks find what one finds`() throws {
    let (configuration, problem, network, parameters) = try problem()
    let one = try problem.examine(
      network, parameters, configuration.loss, on: problem.split.test, chunk: 50, over: SingleRank())
    let two = try ThreadRanks.run { rank in
      let (configuration, problem, network, parameters) = try self.problem()
      return try problem.examine(
        network, parameters, configuration.loss, on: problem.split.test, chunk: 50, over: rank)
    }
    #expect(two.count == 2)
    for found in two {
      let margins = try #require(found.margins)
      // A sample stands in another row of another product.
      for (a, b) in zip(found.losses, one.losses) { #expect(abs(a - b) <= 1e-13) }
      for (a, b) in zip(margins, try #require(one.margins)) { #expect(abs(a - b) <= 1e-13) }
    }
  }

  @Test func `a reconstruction has losses and no margins`() throws {
    let (configuration, problem, network, parameters) = try problem(
      "data.target=input", "loss=squaredError", "network=[{dense: 5}, tanh, {dense: 64}]")
    let found = try problem.examine(
      network, parameters, configuration.loss, on: problem.split.test, over: SingleRank())
    #expect(found.margins == nil)
    let mean = try problem.evaluate(network, parameters, configuration.loss, on: problem.split.test, over: SingleRank())
    #expect(abs(found.losses.reduce(0, +) / 359 - mean.loss) <= 1e-12 * mean.loss)
  }
}
