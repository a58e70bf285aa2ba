import Configurations
import Datasets
import Diagnostics
import Foundation
import Kernels
import Networks
import Optimizers
import RunRecords
import TestSupport
import Testing
import Training

/// A layer, an activation and a loss of another module are trained and checked like those of the product.
struct OutsideKindTests {
  private static let layers: [LayerConfiguration] = [
    .dense(outputs: 4), .activation(.softsign),
    .residual([LayerConfiguration(GainLayer(0.7)), .dense(outputs: 4), .activation(.softsign)]),
    LayerConfiguration(GainLayer(-1.5)), .dense(outputs: 3),
  ]

  private func objective() throws -> Objective {
    try randomObjective(Self.layers, inputs: 3, samples: 6, loss: Loss(LogCosh()))
  }

  @Test func `their gradient agrees with central differences`() throws {
    let results = try GradientCheck().run(objective(), over: SingleRank())
    #expect(Set(results.map(\.name)).isSuperset(of: ["layers.2.branch.0.weight", "layers.3.weight"]))
    #expect(results.allSatisfy { $0.verdict == .agrees && $0.exactNorm > 0 }, "\(results)")
  }

  @Test(arguments: Bound.allCases) func `their curvature bounds the loss`(bound: Bound) throws {
    let objective = try objective()
    var quadratic = QuadraticBound(objective, bound, partition: .automatic)
    let result = try BoundCheck(steps: 70).run(objective, quadratic, over: SingleRank())
    #expect(result.passed && result.failures == 0, "\(result)")
    // A bound without the gains' curvature does not hold.
    for block in objective.network.layout.blocks where block.shape == [1] {
      for k in block.range { quadratic.curvature[k] = 0 }
    }
    #expect(try !BoundCheck(steps: 70).run(objective, quadratic, over: SingleRank()).passed)
  }

  @Test(arguments: ["name=residualPartitioning", "name=adam", "learningRate=3", "bound=full"], [false, true])
  func `they are trained on the digits`(optimizer: String, byLanes: Bool) throws {
    var configuration = try ConfigurationSource(
      preset: .standard, settings: ["optimizer.\(optimizer)", "loss=squaredError", "training.reproducible=\(byLanes)"]
    ).configuration()
    configuration.network = [
      .dense(outputs: 20), .activation(.softsign), LayerConfiguration(GainLayer(2)), .dense(outputs: 10),
    ]
    configuration.loss = Loss(LogCosh())
    let problem = try LearningProblem(configuration)
    let network = try Network<Float>(configuration.network, inputShape: problem.shape)
    #expect(network.inputShape == Shape([1, 8, 8]))
    let parameters = network.initialParameters(.uniform, seed: 4)
    let gain = try #require(network.layout.blocks.first { $0.name == "layers.2.weight" }?.range.lowerBound)
    #expect(parameters.all[gain] == 2)
    let step = TrainingStep(configuration, problem: problem, network: network, parameters: parameters, capacity: 100)
    let ranks = SingleRank(lanes: byLanes ? 8 : nil)
    var losses: [Double] = []
    for turn in 0..<200 {
      let positions = (0..<100).map { Int32((100 * turn + $0) % problem.split.training.count) }
      losses.append(try step.computeStatistics(positions.span, samples: 100, epoch: 1, over: ranks))
      try step.update(factor: 1, over: ranks)
    }
    let (first, last) = (losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +))
    #expect(last < 0.5 * first, "\(losses)")
    #expect(parameters.all[gain] != 2)
  }

  @Test func `a model that begins with an outside layer has the shape of its samples`() throws {
    let folder = try ScratchFolder()
    let layers: [LayerConfiguration] = [LayerConfiguration(GainLayer(2)), .dense(outputs: 3)]
    let network = try Network<Float>(layers, inputShape: Shape([2, 2]))
    let model = ModelFile(network: network, parameters: network.initialParameters(.uniform, seed: 1), scaling: nil)
    #expect(model.names == ["layers.0.weight", "layers.1.weight", "layers.1.bias"])
    try model.write(to: folder.path + "/m.safetensors")
    #expect(try SafetensorsFile(contentsOf: folder.path + "/m.safetensors").metadata["inputShape"] == "[2, 2]")
  }

  @Test func `the configuration of an outside layer is written like that of any other`() throws {
    let text = try Self.layers.description(of: 2)
    #expect(text == #"{"residual":[{"gain":0.7},{"dense":4},"softsign"]}"#)
  }
}

extension [LayerConfiguration] {
  fileprivate func description(of index: Int) throws -> String {
    String(decoding: try JSONEncoder().encode(self[index]), as: UTF8.self)
  }
}
