import Configurations
import Kernels
import Networks
import TestSupport
import Testing
import Training

/// The recursion with targets of each layer: 2^(m−l) times the gradient in layer l of m.
struct LayerTargetsTests {
  static let networks = [[1, 1], [1, 1, 1, 1, 1], [2, 1], [2, 4, 3], [3, 5, 4, 3, 2]]

  private func layerTargets(_ problem: SmoothProblem) -> (wDot: [Double], loss: Double) {
    let wDot = Arena<Double>(count: problem.parameters.count).all
    wDot.fill(.nan)
    let loss = LayerTargets(problem.network, samples: problem.inputs.rows).gradient(
      inputs: problem.inputs, targets: problem.targets, parameters: problem.parameters, into: wDot)
    return (wDot.array, loss)
  }

  /// The largest difference of any weight matrix or bias vector from the true gradient times `factor(m − l)`, relative
  /// to the largest element; layers and their factors one by one.
  private func differences(_ problem: SmoothProblem, factor: (Int) -> Double) -> [Double] {
    let (found, gradient) = (layerTargets(problem).wDot, problem.gradient)
    let blocks = problem.network.layout.blocks
    let top = problem.network.configuration.count / 2 - 1
    return blocks.map { block in
      relativeDifference(
        Array(found[block.range]), gradient[block.range].map { $0 * factor(top - block.layer / 2) })
    }
  }

  @Test(arguments: networks, [UInt64(1), 2, 3])
  func `weights and biases of layer l come out 2^(m−l) times the gradient`(widths: [Int], seed: UInt64) throws {
    let problem = try SmoothProblem(widths: widths, .sigmoid, .squaredError, seed: seed)
    let found = differences(problem) { Double(1 << $0) }
    #expect(found.count == 2 * (widths.count - 1))
    // Sums of at most 5 × 5 products, each a few roundings deep, that may cancel to a thousandth.
    for difference in found { #expect(difference <= 1e-12) }
  }

  @Test(arguments: networks) func `the top layer has the gradient itself, and no other factor fits the others`(
    widths: [Int]
  ) throws {
    let problem = try SmoothProblem(widths: widths, .sigmoid, .squaredError, seed: 4)
    let plain = differences(problem) { _ in 1 }
    #expect(plain.suffix(2).allSatisfy { $0 <= 1e-12 })
    #expect(plain.dropLast(2).allSatisfy { $0 > 0.9 })
    let linear = differences(problem) { Double($0 + 1) }
    #expect(linear.dropLast(4).allSatisfy { $0 > 0.3 }, "m − l + 1 agrees in the two uppermost layers only")
    #expect(differences(problem) { 1.001 * Double(1 << $0) }.allSatisfy { $0 > 5e-4 })
  }

  @Test func `it follows the published formulas on two neurons in a row, by hand`() throws {
    let problem = try SmoothProblem(widths: [1, 1, 1], .sigmoid, .squaredError, samples: 2, seed: 11)
    let w = problem.parameters.array
    var expected = [Double](repeating: 0, count: 4)
    var cost = 0.0
    for sample in 0..<2 {
      let (x, t) = (problem.inputs.elements[sample], problem.targets.elements[sample])
      let first = ReferenceActivation.sigmoid.value(w[0] * x + w[1])
      let second = ReferenceActivation.sigmoid.value(w[2] * first + w[3])
      let outer = 2 * (second - t) * second * (1 - second)
      let inner = 2 * outer * w[2] * first * (1 - first)
      for (k, term) in [inner * x, inner, outer * first, outer].enumerated() { expected[k] += term }
      cost += (second - t) * (second - t)
    }
    let found = layerTargets(problem)
    #expect(relativeDifference(found.wDot, expected) <= 1e-14)
    #expect(abs(found.loss - cost) <= 1e-15 * 2)
  }

  @Test func `layers without biases, and fewer rows than reserved, are welcome`() throws {
    let network = try Network<Double>(
      [
        .dense(inputs: nil, outputs: 2, bias: false), .activation(.sigmoid),
        .dense(inputs: nil, outputs: 1, bias: false),
        .activation(.sigmoid),
      ], inputs: 2)
    network.reserve(samples: 8)
    let parameters = network.initialParameters(.normal, seed: 2).all
    let (inputs, targets) = (Matrix<Double>(rows: 3, columns: 2), Matrix<Double>(rows: 3, columns: 1))
    inputs.elements.copy(from: [0.5, -1, 2, 0.25, 1, 1])
    targets.elements.copy(from: [1, 0, 0.5])
    let (exact, found) = (Arena<Double>(count: 6).all, Arena<Double>(count: 6).all)
    _ = network.forward(inputs, parameters: parameters)
    let loss = network.addStatistics(
      inputs: inputs, targets: targets, parameters: parameters, loss: .squaredError, partition: .automatic,
      bound: .paper, into: StatisticsSlice(wDot: exact, wDDot: nil))
    let given = LayerTargets(network, samples: 8).gradient(
      inputs: inputs, targets: targets, parameters: parameters, into: found)
    #expect(given == loss)
    let expected = exact.array.enumerated().map { $0 < 4 ? 2 * $1 : $1 }
    #expect(relativeDifference(found.array, expected) <= 1e-13)
  }

  @Test func `it is defined for alternating dense and sigmoid layers only`() {
    let dense = LayerConfiguration.dense(inputs: nil, outputs: 3)
    let (sigmoid, tanh) = (LayerConfiguration.activation(.sigmoid), LayerConfiguration.activation(.tanh))
    #expect(GradientMethod.layerTargetsFit([dense, sigmoid]))
    #expect(GradientMethod.layerTargetsFit([dense, sigmoid, dense, sigmoid]))
    for layers in [
      [dense], [sigmoid], [sigmoid, dense], [dense, tanh], [dense, sigmoid, dense], [dense, dense, sigmoid, sigmoid],
      [dense, sigmoid, .batchNorm, sigmoid], [dense, sigmoid, sigmoid],
    ] {
      #expect(!GradientMethod.layerTargetsFit(layers), "\(layers)")
    }
  }
}
