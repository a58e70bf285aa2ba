import Kernels
import Networks
import TestSupport
import Testing

/// Inputs, units and outputs at which the paper's divisions are 0/0: the statistics stay finite, and are the limits.
@Suite struct EdgeCaseTests {
  @Test(arguments: Activation.allCases, Loss.allCases)
  func `inputs that are all zero`(activation: Activation, loss: Loss) throws {
    let problem = try chain(activation, loss, inputs: [[0, 0], [0, 0]])
    for (product, reference, precision) in try problem.results() {
      #expect(product.isFinite)
      #expect(product.layers[0].wDot.joined().allSatisfy { $0 == 0 })
      #expect(product.layers[0].wDDot.joined().allSatisfy { $0 == 0 })
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Loss.allCases)
  func `a hidden layer whose units are all dead`(loss: Loss) throws {
    var problem = try chain(.relu, loss, inputs: [[1, -2], [0.5, 3]])
    problem.network.layers[0] = .dense(weight: [[1, 2], [-1, 0.5], [2, 1]], bias: [-50, -50, -50])
    for (product, reference, precision) in try problem.results() {
      #expect(product.isFinite)
      #expect(product.layers[0].curvatureAndGradient.allSatisfy { $0 == 0 })
      // Above, only the biases can move the outputs.
      #expect(product.layers[1].wDot.joined().allSatisfy { $0 == 0 })
      #expect(product.outputTotalGradient.joined().allSatisfy { $0 == 1 })
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Loss.allCases)
  func `outputs that are all dead have no gradient and no curvature`(loss: Loss) throws {
    var problem = try chain(.tanh, loss, inputs: [[1, -2], [0.5, 3]])
    problem.network.layers[2] = .dense(weight: [[1, 2, 0.5], [-1, 0.5, 1]], bias: [-50, -50])
    problem.network.layers.append(.activation(.relu))
    for (product, reference, precision) in try problem.results() {
      #expect(product.isFinite)
      #expect(product.outputTotalGradient.joined().allSatisfy { $0 == 0 })
      #expect(product.layers.allSatisfy { $0.curvatureAndGradient.allSatisfy { $0 == 0 } })
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Activation.allCases, Loss.allCases)
  func `a network that starts with activation layers has u = 0 below its first weights`(
    activation: Activation, loss: Loss
  ) throws {
    var problem = try chain(.tanh, loss, inputs: [[1, -2], [0, 0.5]])
    let reference = try #require(ReferenceActivation(rawValue: activation.rawValue))
    problem.network.layers.insert(contentsOf: [.activation(reference), .activation(.identity)], at: 0)
    for (product, reference, precision) in try problem.results() {
      #expect(product.isFinite)
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Activation.allCases, Activation.allCases)
  func `two activation layers in a row`(first: Activation, second: Activation) throws {
    var problem = try chain(first, .squaredError, inputs: [[1, -2], [0.25, 0.5]])
    problem.network.layers.insert(.activation(try #require(ReferenceActivation(rawValue: second.rawValue))), at: 2)
    for (product, reference, precision) in try problem.results() {
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Activation.allCases)
  func `a step does not write to its minibatch and parameters`(activation: Activation) throws {
    let network = try Network<Float>(
      [.activation(activation), .dense(inputs: nil, outputs: 2), .activation(activation)], inputs: 2)
    network.reserve(samples: 2)
    let parameters = network.initialParameters(.uniform, seed: 1).all
    let (inputs, targets) = (Matrix<Float>(rows: 2, columns: 2), Matrix<Float>(rows: 2, columns: 2))
    inputs.elements.copy(from: [0.5, -1, 2, -0.25])
    targets.elements.copy(from: [1, 0, 0, 1])
    let before = inputs.array + targets.array + [parameters.array]
    let (first, second) = (Arena<Float>(count: parameters.count).all, Arena<Float>(count: parameters.count).all)
    _ = network.forward(inputs, parameters: parameters)
    _ = network.addStatistics(
      inputs: inputs, targets: targets, parameters: parameters, loss: .softmaxCrossEntropy, partition: .automatic,
      bound: .full, into: StatisticsSlice(wDot: first, wDDot: second))
    #expect(inputs.array + targets.array + [parameters.array] == before)
  }

  @Test(arguments: Activation.allCases, Loss.allCases)
  func `a single sample`(activation: Activation, loss: Loss) throws {
    let problem = try chain(activation, loss, inputs: [[0.3, -1.5]])
    for (product, reference, precision) in try problem.results() {
      #expect(product.isFinite)
      #expect(product.difference(from: reference, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Loss.allCases, Precision.allCases)
  func `logits of ±1e4 give finite statistics for the right and for the wrong class`(
    loss: Loss, precision: Precision
  ) throws {
    let reference = try #require(ReferenceLoss(rawValue: loss.rawValue))
    let problem = ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[1], [2]], bias: [0, 0]), .activation(.relu),
        .dense(weight: [[1e4, 0], [0, -5e3]], bias: [0, 0]),
      ]),
      loss: reference, inputs: [[1], [1]], targets: [[1, 0], [0, 1]])
    for bound in ReferenceBound.allCases {
      let product = try ProductStatistics(problem, bound, in: precision)
      #expect(product.outputs == [[1e4, -1e4], [1e4, -1e4]])
      #expect(product.isFinite)
      let expected = problem.statistics(bound)
      #expect(product.difference(from: expected, floor: 1) <= roundingTolerance(problem, precision))
    }
  }

  @Test(arguments: Precision.allCases)
  func `a saturated softmax has the loss and the gradient of its limits`(precision: Precision) throws {
    let problem = ReferenceProblem(
      network: ReferenceNetwork(layers: [.dense(weight: [[1e4], [-1e4]], bias: [0, 0])]),
      loss: .softmaxCrossEntropy, inputs: [[1], [1]], targets: [[1, 0], [0, 1]])
    let product = try ProductStatistics(problem, .paper, in: precision)
    #expect(product.meanLoss == 1e4)
    #expect(product.layers[0].biasDot == [0.5, -0.5])
    #expect(product.layers[0].biasDDot == [0, 0])
  }

  /// dense 2–3, activation, dense 3–2 without symmetry.
  private func chain(_ activation: Activation, _ loss: Loss, inputs: [[Double]]) throws -> ReferenceProblem {
    ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[0.5, -1], [1.5, 0.25], [-0.75, 2]], bias: [0.125, -0.5, 0.25]),
        .activation(try #require(ReferenceActivation(rawValue: activation.rawValue))),
        .dense(weight: [[1, -0.5, 0.75], [0.25, 1.25, -1]], bias: [0.5, -0.25]),
      ]),
      loss: try #require(ReferenceLoss(rawValue: loss.rawValue)), inputs: inputs,
      targets: inputs.indices.map { $0 == 0 ? [1, 0] : [0, 1] })
  }
}

extension ReferenceProblem {
  /// The product's statistics and the reference's, for both bounds, partitions and precisions.
  fileprivate func results() throws -> [(ProductStatistics, ReferenceStatistics, Precision)] {
    try ReferenceBound.allCases.flatMap { bound in
      try [false, true].flatMap { general in
        try Precision.allCases.map { precision in
          (
            try ProductStatistics(self, bound, in: precision, generalPartition: general),
            statistics(bound, generalPartition: general), precision
          )
        }
      }
    }
  }
}

extension LayerStatistics {
  fileprivate var curvatureAndGradient: [Double] { (wDot + wDDot + [biasDot, biasDDot]).flatMap { $0 } }
}
