import Kernels
import Networks
import TestSupport
import Testing

/// Residual connections and the shapes that layers see. ``LayerBoundTests`` and ``TangentTests`` have them in random networks.
@Suite struct ResidualTests {
  private func message(_ layers: [LayerConfiguration], _ shape: [Int] = [5]) throws -> String {
    try #require(throws: NetworkError.self) { try Network<Float>(layers, inputShape: Shape(shape)) }.description
  }

  @Test func `a branch that does not fit its fork is an error that says where`() throws {
    #expect(
      try message([.residual([.dense(outputs: 4)])])
        == "network: layer 0 is residual, and its branch gives [4], but what it is added to is [5]; end the branch with as "
        + "many numbers, for example {dense: 5}")
    #expect(
      try message([.residual([.dense(outputs: 4)]), .dense(outputs: 2)], [1, 2, 2]).contains(
        "layer 0 is residual, and its branch gives [4], but what it is added to is [1, 2, 2]; put flatten before it"))
    #expect(try message([.dense(outputs: 3), .residual([])]).contains("layer 1 is residual with an empty branch"))
    #expect(
      try message([.dense(outputs: 3), .residual([.dense(inputs: 2, outputs: 3)])])
        .contains("layer 1.branch.0 is dense with 2 inputs, but the layer below has 3 outputs"))
    #expect(
      try message([.dense(outputs: 3), .residual([.activation(.relu), .residual([.dense(outputs: 0)])])])
        .contains("layer 1.branch.1.branch.0 is dense with 0 outputs"))
    #expect(
      try message([.residual([.dropout(keep: 2), .dense(outputs: 5)])]).contains(
        "layer 0.branch.0 is dropout with keep"))
    #expect(try message([.residual([.activation(.relu)])]).contains("nothing to train without a dense layer"))
  }

  @Test func `shapes pass through layers, and a dense layer takes any`() throws {
    let network = try Network<Float>(
      [.activation(.relu), .residual([.activation(.tanh)]), .dense(outputs: 6), .residual([.dense(outputs: 6)])],
      inputShape: Shape([2, 3, 4]))
    #expect(network.inputs == 24 && network.outputs == 6 && network.inputShape == Shape([2, 3, 4]))
    #expect(network.configuration[2] == .dense(inputs: 24, outputs: 6))
    #expect(network.configuration[3] == .residual([.dense(inputs: 6, outputs: 6)]))
    let flat = try Network<Float>([.flatten, .residual([.dense(outputs: 24)])], inputShape: Shape([2, 3, 4]))
    #expect(flat.configuration == [.flatten, .residual([.dense(inputs: 24, outputs: 24)])])
  }

  @Test func `tensors in a branch are named by their place`() throws {
    let layers: [LayerConfiguration] = [
      .dense(outputs: 4), .activation(.relu),
      .residual([.batchNorm, .activation(.relu), .dense(outputs: 4), .residual([.dense(outputs: 4, bias: false)])]),
      .dense(outputs: 2, bias: false),
    ]
    let network = try Network<Float>(layers, inputs: 3)
    let normalization = ["weight", "bias", "running_mean", "running_var"].map { "layers.2.branch.0.\($0)" }
    #expect(
      network.layout.blocks.map(\.name)
        == ["layers.0.weight", "layers.0.bias"] + normalization
        + [
          "layers.2.branch.2.weight", "layers.2.branch.2.bias", "layers.2.branch.3.branch.0.weight", "layers.3.weight",
        ])
  }

  @Test func `first parameters depend on the place of their layer alone`() throws {
    func parameters(_ layers: [LayerConfiguration]) throws -> [String: [Double]] {
      let network = try Network<Double>(layers, inputs: 4)
      let all = network.initialParameters(.uniform, seed: 3).all
      return Dictionary(uniqueKeysWithValues: network.layout.blocks.map { ($0.name, all[$0.range].array) })
    }
    let plain = try parameters([.dense(outputs: 4), .activation(.tanh), .dense(outputs: 4)])
    let residual = try parameters([
      .dense(outputs: 4), .residual([.dense(outputs: 4), .dense(outputs: 4)]), .dense(outputs: 4),
    ])
    for name in plain.keys { #expect(plain[name] == residual[name], "\(name)") }
    // No two layers draw the same numbers, wherever they are.
    let weights = residual.filter { $0.key.hasSuffix("weight") }.map(\.value)
    #expect(weights.count == 4 && Set(weights).count == 4)
  }

  @Test func `y and u are those of the branch and of its input together`() throws {
    // y⁺ = y + 2 y + 1, with the weight 2 and the bias 1: u⁺ = u + |y| + 1 + 2 u.
    let network = try Network<Double>([.dense(outputs: 1), .residual([.dense(outputs: 1)])], inputs: 1)
    network.reserve(samples: 2)
    let parameters = Arena<Double>(count: 4)
    parameters.all.copy(from: [-3, 0.5, 2, 1])
    let x = Matrix<Double>(rowsOf: [[1], [2]], columns: 1)
    let outputs: [[Double]] = [[-6.5], [-15.5]]
    #expect(network.forward(x, parameters: parameters.all).array == outputs)
    // Below the branch u = |x| + 1 and y = −3 x + ½.
    let totalGradient: [[Double]] = [[9.5], [15.5]]
    #expect(network.totalGradient(x, parameters: parameters.all).array == totalGradient)
  }

  @Test(arguments: ReferenceBound.allCases)
  func `a wrong share of the way around the branch is seen`(bound: ReferenceBound) throws {
    // The oracle without the skip: what a backward pass that forgets it would give.
    var random = SmallRandom(seed: 4)
    var options = RandomProblemOptions()
    (options.residual, options.depth, options.widths) = (1, 2...2, 3...4)
    let problem = random.problem(options)
    let product = try ProductStatistics(problem, bound, as: Double.self)
    #expect(product.difference(from: problem.statistics(bound), floor: 1) <= 1e-9)
    var without = problem
    without.network.layers = problem.network.layers.flatMap { layer -> [ReferenceNetwork.Layer] in
      if case .residual(let branch) = layer { branch } else { [layer] }
    }
    #expect(product.difference(from: without.statistics(bound), floor: 1) > 1e-3)
  }
}
