import Configurations
import Diagnostics
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M22) as a check: what it finds, what it leaves out, what it does not excuse.
struct GradientCheckTests {
  private func check(_ objective: Objective, coordinates: Int? = 200, seed: UInt64 = 1) throws
    -> [GradientCheck.BlockResult]
  {
    try GradientCheck(coordinates: coordinates, seed: seed).run(objective, over: SingleRank())
  }

  private let layers: [LayerConfiguration] = [
    .dense(inputs: nil, outputs: 6), .activation(.tanh), .dense(inputs: nil, outputs: 5), .activation(.softplus),
    .dense(inputs: nil, outputs: 4),
  ]

  @Test(arguments: Activation.allCases, Loss.allCases)
  func `every activation and loss agrees, with L1 and L2`(activation: Activation, loss: Loss) throws {
    var options = RandomProblemOptions()
    options.activations = [try #require(ReferenceActivation(rawValue: activation.rawValue))]
    options.losses = [try #require(ReferenceLoss(rawValue: loss.rawValue))]
    for seed: UInt64 in 0..<5 {
      var random = SmallRandom(seed: seed)
      let problem = random.problem(options)
      let results = try check(problem.objective(Regularization(l2: 0.1, l1: 0.01)))
      #expect(results.map(\.parameters).reduce(0, +) == problem.network.parameters.count)
      #expect(results.allSatisfy { $0.verdict != .differs }, "seed \(seed): \(results)")
      #expect(results.contains { $0.verdict == .agrees && $0.exactNorm > 1e-3 })
    }
  }

  @Test(arguments: [1, 2, 3, 4]) func `an error in one layer's Ẏ is found in the blocks below it and in no other`(
    wrong: Int
  ) throws {
    let objective = try randomObjective(layers, inputs: 5, samples: 10) { layers in
      layers.enumerated().map { $0 == wrong ? LayerConfiguration(WrongLayer($1, factor: 1.0001)) : $1 }
    }
    let results = try check(objective)
    let names =
      ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"] + ["layers.4.weight", "layers.4.bias"]
    #expect(results.map(\.name) == names)
    #expect(results.filter { $0.verdict == .differs }.map(\.name) == Array(names.prefix(wrong <= 2 ? 2 : 4)))
    // An error of 1e-4 of one of the two norms.
    for result in results where result.verdict == .differs { #expect(abs(result.ratio - 0.5e-4) < 0.5e-6) }
  }

  @Test func `a wrong gradient that is small is not excused as rounding`() throws {
    // Targets 1e-6 off the outputs: Ẏ, and with it every gradient, is about 1e-6.
    let base = try randomObjective(layers, inputs: 5, samples: 10, loss: .squaredError)
    let outputs = base.network.forward(base.inputs, parameters: base.parameters.all)
    let targets = Matrix(rowsOf: outputs.array.map { row in row.map { $0 + 1e-6 } })
    func results(factor: Double) throws -> [GradientCheck.BlockResult] {
      let wrong = LayerConfiguration(WrongLayer(layers[4], factor: factor))
      let network = try Network<Double>(layers.dropLast() + [wrong], inputs: 5)
      return try check(
        Objective(network, parameters: base.parameters, inputs: base.inputs, targets: targets, loss: .squaredError))
    }
    #expect(try results(factor: 1).allSatisfy { $0.verdict != .differs })
    let wrong = try results(factor: 1.001)
    #expect(wrong[0].exactNorm < 1e-5)
    #expect(wrong.prefix(4).allSatisfy { $0.verdict == .differs }, "\(wrong)")
  }

  @Test func `batch normalisation in training agrees, with L2, and leaves the running averages out`() throws {
    let objective = try randomObjective(
      [.batchNorm, .dense(inputs: nil, outputs: 6), .batchNorm, .activation(.tanh), .dense(inputs: nil, outputs: 4)],
      inputs: 5, samples: 8, regularization: Regularization(l2: 0.01))
    let before = objective.parameters.all.array
    let results = try check(objective)
    #expect(results.count == 8)
    // The shift of the first layer starts at 0, where L2 has no slope, and the second normalisation takes it out.
    #expect(results.map(\.verdict) == [.agrees, .rounding] + results.dropFirst(2).map { _ in .agrees }, "\(results)")
    #expect(objective.parameters.all.array == before)
  }

  @Test func `a bias that J does not depend on is told from a wrong gradient`() throws {
    // Batch normalisation takes every constant out.
    let objective = try randomObjective(
      [.dense(inputs: nil, outputs: 6), .batchNorm, .dense(inputs: nil, outputs: 4)], inputs: 5, samples: 8)
    let bias = try check(objective)[1]
    #expect(bias.verdict == .rounding)
    #expect(bias.ratio > GradientCheck.tolerance && bias.approximateNorm < 1e-9 && bias.exactNorm < 1e-12)
  }

  @Test func `quotients that are off by their order are told from a wrong gradient`() throws {
    // At inputs of 3,000 a step of 1e-5 moves z by 0.03: the quotient is off by 0.03²/6 of the third derivative.
    func objective(factor: Double) throws -> Objective {
      let base = try randomObjective(
        [.dense(inputs: nil, outputs: 1), .activation(.sigmoid)], inputs: 2, samples: 3, loss: .squaredError
      ) { [$0[0], LayerConfiguration(WrongLayer($0[1], factor: factor))] }
      for k in 0..<base.inputs.elements.count { base.inputs.elements[k] = Double(3000 + k) }
      base.parameters.all.copy(from: [1e-4, -1e-4, 0.3])
      return Objective(
        base.network, parameters: base.parameters, inputs: base.inputs, targets: base.targets, loss: base.loss)
    }
    #expect(try check(objective(factor: 1)).map(\.verdict) == [.truncation, .agrees])
    #expect(try check(objective(factor: 1.0001)).map(\.verdict) == [.differs, .differs])
  }

  @Test func `weights with a kink within reach are counted and left out`() throws {
    // z = w x + b = 4e-6 for the first sample and 2 for the second: x = (1, 2), w = 2 − 4e-6, b = 8e-6 − 2.
    let (w, b) = (2 - 4e-6, 8e-6 - 2)
    func results(_ activation: Activation, inputs: [[Double]]) throws -> [GradientCheck.BlockResult] {
      let network = try Network<Double>(
        [.dense(inputs: nil, outputs: 1), .activation(activation), .dense(inputs: nil, outputs: 1)], inputs: 1)
      let parameters = Arena<Double>(count: 4)
      parameters.all.copy(from: [w, b, 0.5, 0.25])
      return try check(
        Objective(
          network, parameters: parameters, inputs: Matrix(rowsOf: inputs),
          targets: Matrix(rowsOf: inputs.map { _ in [1] }), loss: .squaredError))
    }
    for activation in [Activation.relu, .leakyRelu, .elu] {
      let crossing = try results(activation, inputs: [[1], [2]])
      #expect(crossing.map(\.skipped) == [1, 1, 0, 0], "\(activation)")
      #expect(crossing.map(\.verdict) == [.skipped, .skipped, .agrees, .agrees])
      #expect(try results(activation, inputs: [[1.5], [2]]).map(\.skipped) == [0, 0, 0, 0])
    }
    #expect(try results(.softplus, inputs: [[1], [2]]).map(\.skipped) == [0, 0, 0, 0])
  }

  @Test(arguments: [Loss.hinge, .squaredHinge]) func `a margin that reaches 0 is a kink`(loss: Loss) throws {
    // y_0 − y_1 + 1 = 3e-6 for the class 1.
    let network = try Network<Double>([.dense(inputs: nil, outputs: 2)], inputs: 1)
    let parameters = Arena<Double>(count: 4)
    parameters.all.copy(from: [0, 0, 3e-6, 1])
    let results = try check(
      Objective(
        network, parameters: parameters, inputs: Matrix(rowsOf: [[0.1]]), targets: Matrix(rowsOf: [[0, 1]]), loss: loss)
    )
    // The weights move the margin by 1e-6 only.
    #expect(results.map(\.skipped) == [0, 2])
  }

  @Test func `with L1 weights near 0 are left out, unless biases are not regularised`() throws {
    let base = try randomObjective([.dense(inputs: nil, outputs: 3)], inputs: 2, samples: 4)
    for k in [0, 3, 7] { base.parameters.all[k] = 5e-6 }
    base.parameters.all[8] = 0
    func skipped(_ regularization: Regularization) throws -> [Int] {
      try check(
        Objective(
          base.network, parameters: base.parameters, inputs: base.inputs, targets: base.targets, loss: base.loss,
          regularization: regularization)
      ).map(\.skipped)
    }
    #expect(try skipped(Regularization(l1: 0.1)) == [2, 2])
    #expect(try skipped(Regularization(l1: 0.1, includingBiases: false)) == [2, 0])
    #expect(try skipped(Regularization(l2: 0.1)) == [0, 0])
  }

  @Test func `a block without any gradient has the ratio 0`() throws {
    let objective = try ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[1]], bias: [-50]), .activation(.relu), .dense(weight: [[1]], bias: [0]),
      ]), loss: .squaredError, inputs: [[1]], targets: [[1]]
    ).objective()
    let results = try check(objective)
    #expect(results.map(\.ratio)[0...2] == [0, 0, 0])
    #expect(results.prefix(3).allSatisfy { $0.verdict == .agrees && $0.exactNorm == 0 && $0.compared == 1 })
  }

  @Test func `the weights that are compared are chosen by the seed, all of them where asked`() throws {
    let objective = try randomObjective([.dense(inputs: nil, outputs: 30)], inputs: 20, samples: 2)
    let some = try check(objective)
    #expect(some.map(\.compared) == [200, 30] && some.map(\.parameters) == [600, 30])
    #expect(try check(objective).map(\.exactNorm) == some.map(\.exactNorm))
    #expect(try check(objective, seed: 2)[0].exactNorm != some[0].exactNorm)
    let all = try check(objective, coordinates: nil)
    #expect(all.map(\.compared) == [600, 30])
    #expect(all[0].exactNorm > some[0].exactNorm)
  }

  @Test func `dropout is refused, unless it keeps everything`() throws {
    #expect(throws: ConfigurationError.self) {
      try GradientCheck.requireNoDropout([.dense(inputs: nil, outputs: 3), .dropout(keep: 0.5)])
    }
    #expect(throws: Never.self) { try GradientCheck.requireNoDropout([.dropout(keep: 1), .batchNorm]) }
  }
}
