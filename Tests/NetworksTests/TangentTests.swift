import Kernels
import Networks
import TestSupport
import Testing

/// Forward mode: tangents, and first and second derivatives of the loss along a direction.
@Suite struct TangentTests {
  @Test(arguments: ReferenceBound.allCases)
  func `derivatives along a direction are those of the dense Taylor polynomial`(model: ReferenceBound) throws {
    for seed in 0..<100 {
      var random = SmallRandom(seed: UInt64(seed) + 900)
      let problem = randomProblem(UInt64(seed))
      let expected = problem.taylorModel(boundedBy: model)
      let product = try DirectionalDerivatives(problem)
      for zeros in [0, 0.5, 0.9] {
        let v = random.sparseStep(count: expected.gradient.count, scale: 1, zeros: zeros)
        let found = product(along: v, model)
        let (first, second) = (dot(expected.gradient, v), expected.quadraticForm(v))
        // Rounding is relative to the sums of the terms' magnitudes.
        let magnitudes = (dot(expected.gradient, v, magnitudes: true), expected.quadraticForm(v, magnitudes: true))
        #expect(abs(found.first - first) <= 1e-11 * (magnitudes.0 + 1e-3), "seed \(seed)")
        #expect(abs(found.second - second) <= 1e-11 * (magnitudes.1 + 1e-3), "seed \(seed)")
      }
    }
  }

  @Test func `the two second-order models are told apart at that tolerance`() throws {
    let apart = try (0..<100).count { seed in
      let problem = randomProblem(UInt64(seed))
      let product = try DirectionalDerivatives(problem)
      var random = SmallRandom(seed: UInt64(seed))
      let v = random.step(count: problem.network.parameters.count, scale: 1)
      let (exact, paper) = (product(along: v, .full).second, product(along: v, .paper).second)
      return abs(exact - paper) > 1e-6 * max(abs(exact), abs(paper))
    }
    #expect(apart > 50)
  }

  @Test func `the tangent at the output is the derivative of the output`() throws {
    for seed in 0..<20 {
      var options = RandomProblemOptions()
      options.activations = [.tanh, .softplus, .sigmoid, .swish, .identity]
      var random = SmallRandom(seed: UInt64(seed))
      let problem = random.problem(options)
      let v = random.step(count: problem.network.parameters.count, scale: 1)
      let product = try DirectionalDerivatives(problem)
      let tangent = product.tangent(along: v)
      let step = 1e-5
      let (above, below) = (problem.moved(by: v.map { step * $0 }), problem.moved(by: v.map { -step * $0 }))
      let difference = problem.inputs.map { input in
        zip(above.network.outputs(of: input), below.network.outputs(of: input)).map { ($0 - $1) / (2 * step) }
      }
      #expect(relativeDifference(tangent, difference, floor: 1) <= 1e-7, "seed \(seed)")
      #expect(relativeDifference(tangent.map { $0.map { 1.00001 * $0 } }, difference, floor: 1e-3) > 1e-7)
    }
  }

  /// Batch normalisation with running averages, dropout with fixed masks, layers without bias: the derivative of Ẇ · v
  /// along v is the second derivative of the loss, since with running averages nothing else depends on the parameters.
  @Test(
    arguments: [
      [.batchNorm, .dense(inputs: nil, outputs: 4), .batchNorm, .activation(.tanh), .dense(inputs: nil, outputs: 3)],
      [
        .dense(inputs: nil, outputs: 5, bias: false), .batchNorm, .activation(.sigmoid), .dropout(keep: 0.6),
        .dense(inputs: nil, outputs: 3, bias: false), .batchNorm,
      ],
      [
        .dropout(keep: 0.7), .dense(inputs: nil, outputs: 4), .activation(.swish), .batchNorm, .activation(.softplus),
        .dense(inputs: nil, outputs: 3),
      ],
      [
        .residual([.batchNorm, .activation(.tanh), .dense(outputs: 3)]), .dense(outputs: 4), .activation(.sigmoid),
        .residual([
          .activation(.swish), .residual([.dropout(keep: 0.6), .dense(outputs: 4)]), .dense(outputs: 4), .batchNorm,
        ]), .dense(outputs: 3),
      ],
    ] as [[LayerConfiguration]], Loss.allCases.filter { !$0.isPiecewiseLinear })
  func `with batch normalisation and dropout they are derivatives of Ẇ`(layers: [LayerConfiguration], loss: Loss) throws
  {
    let frozen = try FrozenNetwork(layers, inputs: 3, samples: 6, loss: loss)
    var random = SmallRandom(seed: 11)
    for _ in 0..<5 {
      let v = frozen.direction(&random)
      let found = try frozen.derivatives(along: v)
      let step = 1e-5
      let (above, below) = (try frozen.slope(along: v, moved: step), try frozen.slope(along: v, moved: -step))
      #expect(abs(found.first - (above + below) / 2) <= 1e-7 * max(1, abs(found.first)))
      let second = (above - below) / (2 * step)
      #expect(abs(found.second - second) <= 1e-6 * max(1, abs(second)))
      #expect(abs(1.001 * found.second - second) > 1e-6 * max(1, abs(second)) || abs(second) < 1e-3)
    }
  }

  private func randomProblem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.withoutBias = 0.2
    options.normalization = 0.3
    options.softTargets = seed.isMultiple(of: 2)
    options.deadUnits = seed.isMultiple(of: 3)
    options.saturatedOutputs = seed.isMultiple(of: 5)
    // Not behind saturated outputs: there terms of a branch and of the way around it cancel below the tolerance.
    options.residual = options.saturatedOutputs || seed.isMultiple(of: 4) ? 0 : 0.5
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}

/// Σ a v, or Σ |a v|.
private func dot(_ a: [Double], _ v: [Double], magnitudes: Bool = false) -> Double {
  zip(a, v).reduce(0) { $0 + (magnitudes ? abs($1.0 * $1.1) : $1.0 * $1.1) }
}

extension TestSupport.TaylorModel {
  /// vᵀ H v, or the sum of the magnitudes of its terms.
  fileprivate func quadraticForm(_ v: [Double], magnitudes: Bool = false) -> Double {
    zip(hessian, v).reduce(0) { sum, pair in
      sum + (magnitudes ? abs(pair.1) : pair.1)
        * dot(pair.0, magnitudes ? v.map { abs($0) } : v, magnitudes: magnitudes)
    }
  }
}

/// The product's derivatives for a reference problem, as means over the samples.
private struct DirectionalDerivatives {
  private let network: Network<Double>
  private let model: SecondOrderModel<Double>
  private let parameters: Vector<Double>
  private let inputs: Matrix<Double>

  init(_ problem: ReferenceProblem) throws {
    network = try problem.productNetwork(as: Double.self)
    network.reserve(samples: problem.inputs.count)
    parameters = Arena<Double>(count: network.layout.count).all
    parameters.copy(from: problem.network.productParameters)
    inputs = Matrix<Double>(rowsOf: problem.inputs, columns: network.inputs)
    _ = network.forward(inputs, parameters: parameters)
    model = SecondOrderModel(
      network, inputs: inputs, targets: Matrix(rowsOf: problem.targets, columns: network.outputs),
      parameters: parameters, loss: try #require(Loss(rawValue: problem.loss.rawValue)))
  }

  /// A direction in the product's order, where running averages follow the scales and shifts of a normalisation.
  private func vector(_ values: [Double]) -> Vector<Double> {
    let vector = Arena<Double>(count: parameters.count).all
    for (k, value) in zip(network.layout.blocks.filter(\.isTrained).flatMap { Array($0.range) }, values) {
      vector[k] = value
    }
    return vector
  }

  func callAsFunction(along v: [Double], _ kind: ReferenceBound) -> (first: Double, second: Double) {
    let (first, second) = model.derivatives(along: vector(v), kind == .full ? .full : .paper)
    return (first / Double(inputs.rows), second / Double(inputs.rows))
  }

  func tangent(along v: [Double]) -> [[Double]] {
    Tangents(network, samples: inputs.rows).outputs(along: vector(v), inputs: inputs, parameters: parameters).array
  }
}

/// A network with fixed running averages and dropout masks on a fixed minibatch.
private struct FrozenNetwork {
  private let network: Network<Double>
  private let parameters: Vector<Double>
  private let inputs: Matrix<Double>
  private let targets: Matrix<Double>
  private let loss: Loss
  private let ids: [Int32]

  init(_ layers: [LayerConfiguration], inputs: Int, samples: Int, loss: Loss) throws {
    network = try Network(layers, inputs: inputs)
    network.reserve(samples: samples)
    self.loss = loss
    ids = (0..<Int32(samples)).map { 7 * $0 }
    var random = SmallRandom(seed: 5)
    parameters = Arena<Double>(count: network.layout.count).all
    for block in network.layout.blocks {
      for k in block.range {
        parameters[k] = block.role == .runningVariance ? random.uniform(0.5...2) : random.normal()
      }
    }
    self.inputs = Matrix(rowsOf: (0..<samples).map { _ in (0..<inputs).map { _ in random.normal() } }, columns: inputs)
    let outputs = network.outputs
    targets = Matrix(
      rowsOf: (0..<samples).map { s in (0..<outputs).map { $0 == s % outputs ? 1 : 0 } }, columns: outputs)
  }

  private func forward() throws {
    let pass = Pass(
      normalization: .running, updatesRunningAverages: false, dropout: Pass.DropoutMasks(seed: 3, epoch: 0))
    let ids = ids
    _ = try network.forward(
      inputs, parameters: parameters, pass: pass, samples: inputs.rows, ids: ids.span, over: SingleRank())
  }

  /// A direction that leaves running averages alone.
  func direction(_ random: inout SmallRandom) -> Vector<Double> {
    let v = Arena<Double>(count: parameters.count).all
    for block in network.layout.blocks where block.isTrained { for k in block.range { v[k] = 0.3 * random.normal() } }
    return v
  }

  func derivatives(along v: Vector<Double>) throws -> (first: Double, second: Double) {
    try forward()
    return SecondOrderModel(network, inputs: inputs, targets: targets, parameters: parameters, loss: loss)
      .derivatives(along: v, .full)
  }

  /// Ẇ · v at w + t v, by backpropagation.
  func slope(along v: Vector<Double>, moved t: Double) throws -> Double {
    let kept = parameters.array
    defer { parameters.copy(from: kept) }
    for k in 0..<parameters.count { parameters[k] += t * v[k] }
    try forward()
    let wDot = Arena<Double>(count: parameters.count).all
    _ = network.addStatistics(
      inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: .automatic, bound: .paper,
      into: StatisticsSlice(wDot: wDot, wDDot: nil))
    return wDot.dot(v)
  }
}
