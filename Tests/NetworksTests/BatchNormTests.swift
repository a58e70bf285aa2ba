import Kernels
import Networks
import TestSupport
import Testing

/// Batch normalisation against plain loops: values, running averages, and what a minibatch's own statistics do to them.
@Suite struct BatchNormTests {
  @Test func `in use it is PyTorch's (x − running_mean)/√(running_var + 1e-5) · weight + bias`() throws {
    let layer = try OneLayer(.batchNorm, inputs: [[1, -2], [3, 0.5]])
    // weight, bias, running_mean, running_var: the order of PyTorch's names.
    layer.parameters.copy(from: [2, -1, 0.5, 0.25, 1, -3, 4, 0.25])
    let y = layer.network.forward(layer.inputs, parameters: layer.parameters).array
    // (1 − 1)/√4 · 2 + ½ = ½, (−2 + 3)/√¼ · −1 + ¼ = −1.75, (3 − 1)/√4 · 2 + ½ = 2.5, (0.5 + 3)/√¼ · −1 + ¼ = −6.75;
    // ε changes the first by 1.25e-6 and the second by 2e-5 of the part that is scaled.
    let expected = [
      [0.5, -1 / (0.25 + 1e-5).squareRoot() + 0.25],
      [2 / (4 + 1e-5).squareRoot() * 2 + 0.5, -3.5 / (0.25 + 1e-5).squareRoot() + 0.25],
    ]
    #expect(relativeDifference(y, expected) <= 4 * Double.ulpOfOne)
    #expect(relativeDifference(y, [[0.5, -1.75], [2.5, -6.75]]) > 1e-6)
  }

  @Test func `in training it is the minibatch that has mean 0 and biased variance 1`() throws {
    let layer = try OneLayer(.batchNorm, inputs: [[1, 7], [2, 7], [6, 7]])
    let y = try layer.forward(.training(seed: 1, epoch: 1))
    // Mean 3, biased variance 14/3; a unit that is constant is 0.
    let c = 1 / (14.0 / 3 + 1e-5).squareRoot()
    #expect(relativeDifference(y.map { $0[0] }, [-2 * c, -c, 3 * c]) <= 8 * Double.ulpOfOne)
    #expect(y.map { $0[1] } == [0, 0, 0])
  }

  @Test func `running averages move by a tenth, and use has the averages`() throws {
    let layer = try OneLayer(.batchNorm, inputs: [[1, 7], [2, 7], [6, 7]])
    for _ in 0..<2 { _ = try layer.forward(.training(seed: 1, epoch: 1)) }
    // 0.9 (0.9 · 0 + 0.1 · 3) + 0.1 · 3, and 0.9 (0.9 · 1 + 0.1 · v) + 0.1 v.
    let averages = layer.parameters[4..<8].array
    let expected = [0.57, 0.19 * 7, 0.81 + 0.19 * 14 / 3, 0.81]
    #expect(relativeDifference(averages, expected) <= 8 * Double.ulpOfOne)
    let y = layer.network.forward(layer.inputs, parameters: layer.parameters).array
    #expect((y[0][0] - (1 - averages[0]) / (averages[2] + 1e-5).squareRoot()).magnitude < 1e-14)
    #expect(layer.parameters.array == [1, 1, 0, 0] + averages)
  }

  @Test func `passes that do not update the averages leave them`() throws {
    let layer = try OneLayer(.batchNorm, inputs: [[1, 7], [2, 7], [6, 7]])
    for pass in [
      .evaluation, Pass(normalization: .minibatch, updatesRunningAverages: false, dropout: nil),
      Pass(normalization: .frozenMinibatch, updatesRunningAverages: false, dropout: nil),
    ] {
      _ = try layer.forward(pass)
      #expect(layer.parameters.array == [1, 1, 0, 0, 0, 0, 1, 1])
    }
  }

  @Test(arguments: Initialization.allCases)
  func `every initialisation starts at γ = 1, β = 0, mean 0, variance 1`(initialization: Initialization) throws {
    let network = try Network<Float>([.dense(inputs: nil, outputs: 3), .batchNorm], inputs: 2)
    let blocks = network.layout.blocks.filter { $0.layer == 1 }
    #expect(blocks.map(\.name) == ["weight", "bias", "running_mean", "running_var"].map { "layers.1.\($0)" })
    #expect(blocks.map(\.isTrained) == [true, true, false, false])
    #expect(blocks.map(\.shape) == [[3], [3], [3], [3]])
    let values = network.initialParameters(initialization, seed: 5).all
    #expect(blocks.map { values[$0.range].array } == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]])
  }

  @Test(arguments: Bound.allCases) func `a minibatch of one sample is finite and normalised to 0`(bound: Bound) throws {
    let network = try Network<Float>(
      [.dense(inputs: nil, outputs: 3), .batchNorm, .activation(.tanh), .dense(inputs: nil, outputs: 2)], inputs: 2)
    network.reserve(samples: 1)
    let parameters = network.initialParameters(.uniform, seed: 3).all
    let (x, t) = (Matrix<Float>(rowsOf: [[3, -1]], columns: 2), Matrix<Float>(rowsOf: [[1, 0]], columns: 2))
    let ids: [Int32] = [0]
    let y = try network.forward(
      x, parameters: parameters, pass: .training(seed: 1, epoch: 1), samples: 1, ids: ids.span, over: SingleRank())
    // ẑ = 0, so that only the last bias is left.
    let bias = try #require(network.layout.blocks.last)
    #expect(y.array == [parameters[bias.range].array])
    let sums = Arena<Float>(count: 2 * network.layout.count).all
    _ = network.addStatistics(
      inputs: x, targets: t, parameters: parameters, loss: .softmaxCrossEntropy, partition: .automatic, bound: bound,
      into: StatisticsSlice(
        wDot: sums[0..<network.layout.count], wDDot: sums[network.layout.count..<2 * network.layout.count]))
    #expect(sums.array.allSatisfy { $0.isFinite })
    // Nothing that the minibatch's own mean takes away has a slope.
    #expect(sums[network.layout.slices[0]].array.allSatisfy { $0 == 0 })
  }

  @Test(arguments: Precision.allCases, ReferenceBound.allCases)
  func `with constant statistics Ẇ and Ẅ agree with the explicit partition`(
    precision: Precision, bound: ReferenceBound
  ) throws {
    for seed in 0..<100 {
      let problem = normalizedProblem(UInt64(seed))
      for generalPartition in [false, true] {
        let running = try ProductStatistics(problem, bound, in: precision, generalPartition: generalPartition)
        let reference = problem.statistics(bound, generalPartition: generalPartition)
        // A scale of up to 1/√0.2 more than a dense layer has.
        let tolerance = 10 * roundingTolerance(problem, precision)
        #expect(running.difference(from: reference, floor: 1) <= tolerance, "seed \(seed)")
      }
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `frozen statistics of the minibatch are those that plain loops find`(bound: ReferenceBound) throws {
    for seed in 0..<100 {
      let problem = normalizedProblem(UInt64(seed), samples: 3...6)
      let frozen = try ProductStatistics(
        problem, bound, as: Double.self,
        pass: Pass(normalization: .frozenMinibatch, updatesRunningAverages: false, dropout: nil))
      #expect(frozen.difference(from: problem.normalizedByItself.statistics(bound), floor: 1) <= 1e-9, "seed \(seed)")
      // Plain loops of another minibatch's statistics would be seen.
      #expect(frozen.difference(from: problem.statistics(bound), floor: 1) > 1e-9, "seed \(seed)")
    }
  }
}

/// A random problem with a normalisation after most dense layers and sometimes at the input.
func normalizedProblem(_ seed: UInt64, samples: ClosedRange<Int> = 1...5) -> ReferenceProblem {
  var options = RandomProblemOptions()
  options.normalization = 0.7
  options.withoutBias = 0.5
  options.samples = samples
  options.depth = 1...3
  options.widths = 1...4
  options.losses = [.squaredError, .softmaxCrossEntropy, .sigmoidCrossEntropy]
  var random = SmallRandom(seed: seed)
  while true {
    let problem = random.problem(options)
    if !problem.network.normalizations.isEmpty { return problem }
  }
}

/// A network of a dense layer's stead: one layer on a minibatch, in Double.
struct OneLayer {
  let network: Network<Double>
  let parameters: Vector<Double>
  let inputs: Matrix<Double>

  init(_ layer: LayerConfiguration, inputs rows: [[Double]]) throws {
    network = try Network([layer], inputs: rows[0].count)
    network.reserve(samples: rows.count)
    parameters = network.initialParameters(.uniform, seed: 1).all
    inputs = Matrix(rowsOf: rows, columns: rows[0].count)
  }

  func forward(_ pass: Pass) throws -> [[Double]] {
    let ids = (0..<Int32(inputs.rows)).map { $0 }
    return try network.forward(
      inputs, parameters: parameters, pass: pass, samples: inputs.rows, ids: ids.span, over: SingleRank()
    ).array
  }
}
