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

/// A layer, an activation, a loss and an optimizer of another module are trained and checked like those of the product.
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
    var quadratic = QuadraticBound(objective, bound, lossPartition: .automatic)
    let result = try BoundCheck(steps: 70).run(objective, quadratic, over: SingleRank())
    #expect(result.passed && result.failures == 0, "\(result)")
    // A bound without the gains' curvature does not hold.
    for block in objective.network.layout.blocks where block.shape == [1] {
      for k in block.range { quadratic.curvature[k] = 0 }
    }
    #expect(try !BoundCheck(steps: 70).run(objective, quadratic, over: SingleRank()).passed)
  }

  /// Settings that can name the optimizer too.
  private func configuration(_ settings: [String]) throws -> Configuration {
    var source = ConfigurationSource(preset: .standard, settings: settings)
    source.optimizers.append(OptimizerKind(SignDescent.self))
    return try source.configuration()
  }

  @Test(
    arguments: ["name=residualPartitioning", "name=adam", "name=signDescent", "learningRate=3", "bound=full"],
    [false, true])
  func `they are trained on the digits`(optimizer: String, byLanes: Bool) throws {
    var configuration = try configuration(
      ["optimizer.\(optimizer)", "loss=squaredError", "training.reproducible=\(byLanes)"])
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

extension OutsideKindTests {
  @Test func `the settings of an outside optimizer are read, written and checked like those of any other`() throws {
    let standard = try configuration(["optimizer.name=signDescent"])
    #expect(standard.optimizer == OptimizerConfiguration(SignDescent(), learningRate: 0.002))
    #expect(standard.schedule.name == .constant)
    let other = try configuration(["optimizer={name: signDescent, learningRate: 0.01, memory: 0.5}"])
    #expect(other.optimizer == OptimizerConfiguration(SignDescent(memory: 0.5), learningRate: 0.01))
    #expect(
      try other.yaml().contains(
        "optimizer:\n  name: signDescent\n  learningRate: 0.01\n  memory: 0.5\n  softness: 0.001\n"))
    // Over a written configuration of another optimizer it has its own standards.
    let folder = try ScratchFolder()
    let written = try folder.write(configuration(["optimizer.damping=0"]).yaml().utf8, to: "config.yml")
    var source = ConfigurationSource(preset: .standard, file: written, settings: ["optimizer.name=signDescent"])
    source.optimizers.append(OptimizerKind(SignDescent.self))
    #expect(try source.configuration() == standard)

    for (settings, says) in [
      ("{name: signDescent, memory: 1}", "optimizer.memory is 1.0; it must be from 0 to below 1"),
      ("{name: signDescent, softness: 1e-50}", "optimizer.softness is 1e-50, which is 0 in float32"),
      ("{name: signDescent, memry: 0.5}", "unknown key 'memry'; did you mean 'memory'?"),
      ("{name: signDescent, memory: much}", "optimizer.memory: expected a number, found 'much'"),
      ("{name: signDescent, learningRate: auto}", "auto, but only residualPartitioning finds it"),
      ("{name: signDescent, beta1: 0.5}", "it belongs to adam, but optimizer.name is signDescent"),
      ("{name: adam, memory: 0.5}", "it belongs to signDescent, but optimizer.name is adam"),
      ("{name: signDescnt}", "unknown value 'signDescnt'; did you mean 'signDescent'?"),
    ] {
      let error = #expect(throws: ConfigurationError.self) { try configuration(["optimizer=\(settings)"]) }
      #expect(try #require(error).description.contains(says), "\(settings)")
    }
    #expect(throws: ConfigurationError.self) {
      try ConfigurationSource(preset: .standard, settings: ["optimizer.name=signDescent"]).configuration()
    }
  }

  @Test func `a step of an outside optimizer is its formula, and its derivative that of the step`() throws {
    let layout = try Network<Double>([.dense(outputs: 2)], inputs: 2).layout
    let (rule, samples, rate) = (SignDescent(memory: 0.5, softness: 0.25), 2, 0.125)
    let regularization = Regularization(l2: 0.5)
    let start = [2, -1, 0, 4, 1, -2.0]
    let gradients = [[4, 2, -6, 0, 1, 3], [-2, 3, 1, 8, 0, -1.0]]
    func vector(_ values: [Double]) -> Vector<Double> {
      let vector = Arena<Double>(count: values.count).all
      vector.copy(from: values)
      return vector
    }
    /// Both steps, and P of the second one with `change` added to its Ẇ.
    func steps(_ change: Double) -> (w: [[Double]], p: [Double]) {
      let (w, p, state) = (vector(start), vector(start), OptimizerState<Double>(for: rule, layout))
      let found = gradients.enumerated().map { turn, wDot in
        let sums = StatisticsSlice(wDot: vector(wDot.map { $0 + (turn == 1 ? change : 0) }), wDDot: nil)
        rule.update(
          w, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization, layout: layout)
        rule.stepDerivative(
          into: p, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
          layout: layout)
        return w.array
      }
      return (found, p.array)
    }
    let (found, p) = steps(0)
    var (w, m): ([Double], [Double]) = (start, start.map { _ in 0 })
    for (turn, wDot) in gradients.enumerated() {
      for k in w.indices {
        m[k] = 0.5 * m[k] + 0.5 * (wDot[k] / 2 + 0.5 * w[k])
        let average = m[k] / (turn == 0 ? 0.5 : 0.75)
        w[k] -= 0.125 * average / (abs(average) + 0.25)
        #expect(abs(w[k] - found[turn][k]) <= 8 * Double.ulpOfOne)
      }
    }
    let (plus, minus) = (steps(1e-5).w[1], steps(-1e-5).w[1])
    for k in p.indices {
      // A central difference errs by the square of its step, and by the rounding of what it subtracts.
      #expect(abs((minus[k] - plus[k]) / 2e-5 - p[k]) <= 1e-9 && p[k] > 1e-4)
    }
  }

  @Test func `a training with an outside optimizer goes on from its state with the same bits`() throws {
    func loop() throws -> TrainingLoop<Float> {
      let configuration = try configuration(["optimizer.name=signDescent", "network=[{dense: 6}, tanh, {dense: 10}]"])
      let problem = try LearningProblem(configuration)
      let plan = TrainingPlan(samples: problem.split.training.count, configuration.training, steps: 20)
      return try TrainingLoop(configuration, problem: problem, plan: plan, ranks: 1)
    }
    func tensors(_ loop: TrainingLoop<Float>) throws -> [CollectedState.File: [SafetensorsTensor]] {
      let state = CollectedState()
      try loop.exchange(with: state)
      return state.tensors
    }
    let (unbroken, broken, resumed) = (try loop(), try loop(), try loop())
    _ = try unbroken.run(over: SingleRank())
    _ = try broken.run(over: SingleRank(), between: { $0.steps == 7 })
    let kept = CollectedState()
    try broken.exchange(with: kept)
    #expect(kept.tensors[.optimizer]?.contains { $0.name == "step.optimizer.first" } == true)
    let state = RestoredState(kept)
    try resumed.exchange(with: state)
    try state.finish()
    _ = try resumed.run(over: SingleRank())
    #expect(try tensors(resumed) == tensors(unbroken))
  }
}

extension [LayerConfiguration] {
  fileprivate func description(of index: Int) throws -> String {
    String(decoding: try JSONEncoder().encode(self[index]), as: UTF8.self)
  }
}
