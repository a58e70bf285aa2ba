import Kernels
import Networks
import Testing

/// (M19): distributions of the first parameters, and where they lie.
@Suite struct InitializationTests {
  @Test func `uniform parameters fill (−1/√inputs, 1/√inputs), weights and biases`() throws {
    let network = try wideNetwork()
    let parameters = network.initialParameters(.uniform, seed: 2).all
    for block in network.layout.blocks {
      guard case .drawn(let fanIn, _) = block.start else {
        Issue.record("\(block.name) is not drawn")
        continue
      }
      let limit = 1 / Double(fanIn).squareRoot()
      let values = parameters[block.range].array
      #expect(values.allSatisfy { $0.magnitude < limit })
      // Of n numbers the largest is near the limit, and the mean of squares is limit²/3 within 4 standard errors.
      #expect((values.map { $0.magnitude }.max() ?? 0) > limit * (1 - 10 / Double(values.count)))
      let error = 4 * (4 / (5 * Double(values.count))).squareRoot()
      #expect((meanSquare(values) / (limit * limit / 3) - 1).magnitude < error)
    }
  }

  @Test(arguments: [Initialization.normal, .he, .xavier])
  func `normal weights have the variance of their kind, and biases are 0`(initialization: Initialization) throws {
    let network = try wideNetwork()
    let parameters = network.initialParameters(initialization, seed: 2).all
    for block in network.layout.blocks {
      let values = parameters[block.range].array
      guard block.role == .weight else {
        #expect(values.allSatisfy { $0 == 0 })
        continue
      }
      let (inputs, outputs) = (Double(block.shape[1]), Double(block.shape[0]))
      let variance = [.normal: 1 / inputs, .he: 2 / inputs, .xavier: 2 / (inputs + outputs)][initialization] ?? .nan
      // Four standard errors of a mean of n squares, √(2/n), and of a mean, √(1/n).
      let count = Double(values.count)
      #expect((meanSquare(values) / variance - 1).magnitude < 4 * (2 / count).squareRoot())
      #expect((values.reduce(0, +) / count).magnitude < 4 * (variance / count).squareRoot())
    }
  }

  @Test(arguments: Initialization.allCases)
  func `both precisions start at the same point`(initialization: Initialization) throws {
    let single = try Network<Float>(smallLayers, inputs: 4).initialParameters(initialization, seed: 1).all.array
    let double = try Network<Double>(smallLayers, inputs: 4).initialParameters(initialization, seed: 1).all.array
    #expect(single == double.map { Float($0) })
    #expect(single.contains { $0 != 0 })
  }

  @Test func `the first numbers for seed 1 are those of the definition`() throws {
    // The stream of (1, initialization, layer 0), computed with Python; inputs = 4.
    let network = try Network<Double>(smallLayers, inputs: 4)
    let uniform = network.initialParameters(.uniform, seed: 1).all.array
    #expect(Array(uniform.prefix(2)) == [0.010385489482611865, 0.41863752275997224])
    let normal = network.initialParameters(.normal, seed: 1).all.array
    #expect((normal[0] - 1.042310610448312 / 2).magnitude < 1e-15)
    #expect((normal[1] - 0.02287497989858932 / 2).magnitude < 1e-15)
    let he = network.initialParameters(.he, seed: 1).all.array
    #expect((he[1] / normal[1] - 2.0.squareRoot()).magnitude < 1e-14)
  }

  @Test func `another seed gives other numbers, and a layer its own`() throws {
    let network = try Network<Double>(
      [.dense(inputs: 4, outputs: 4), .activation(.tanh), .dense(inputs: 4, outputs: 4)], inputs: 4)
    let (first, second) = (network.initialParameters(.uniform, seed: 1), network.initialParameters(.uniform, seed: 2))
    #expect(first.all.array == network.initialParameters(.uniform, seed: 1).all.array)
    #expect(Set(first.all.array + second.all.array).count == 80)
  }

  @Test func `parameters are numbered as PyTorch's nn.Sequential numbers them`() throws {
    let layout = try Network<Float>(smallLayers, inputs: 4).layout
    #expect(
      layout.blocks.map { $0.name } == [
        "layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias", "layers.3.weight", "layers.3.bias",
      ])
    #expect(layout.blocks.map { $0.shape } == [[3, 4], [3], [2, 3], [2], [1, 2], [1]])
    #expect(layout.blocks.map { $0.role } == [.weight, .bias, .weight, .bias, .weight, .bias])
    // Without gaps, in the order of the layers.
    #expect(layout.blocks.map { $0.range } == [0..<12, 12..<15, 15..<21, 21..<23, 23..<25, 25..<26])
    #expect(layout.slices == [0..<15, 15..<15, 15..<23, 23..<26])
    #expect(layout.count == 26)
  }

  @Test func `weights lie row by row, one row for each output`() throws {
    let network = try Network<Double>([.dense(inputs: 2, outputs: 3)], inputs: 2)
    network.reserve(samples: 1)
    let parameters = Arena<Double>(count: 9).all
    parameters.copy(from: [1, 2, 3, 4, 5, 6, 100, 200, 300])
    let input = Matrix<Double>(rows: 1, columns: 2)
    input.elements.copy(from: [10, 1])
    #expect(network.forward(input, parameters: parameters).array == [[112, 234, 356]])
  }

  private let smallLayers: [LayerConfiguration] = [
    .dense(inputs: nil, outputs: 3), .activation(.relu), .dense(inputs: nil, outputs: 2),
    .dense(inputs: nil, outputs: 1),
  ]

  /// Blocks that are large enough for statistics.
  private func wideNetwork() throws -> Network<Double> {
    try Network(
      [.dense(inputs: nil, outputs: 400), .activation(.relu), .dense(inputs: nil, outputs: 150)], inputs: 100)
  }

  private func meanSquare(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } / Double(values.count) }
}
