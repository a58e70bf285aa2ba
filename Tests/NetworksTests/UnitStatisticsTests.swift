import Kernels
import Networks
import TestSupport
import Testing

/// Partition by unit (M27–M29): g, A and the blocks H of the units, and the bound that they give.
@Suite struct UnitStatisticsTests {
  static let goldens = ["relu-regression", "softplus-classifier", "tanh-autoencoder"]

  @Test(arguments: goldens, ReferenceBound.allCases)
  func `statistics in Double agree with the golden to 1e-12`(name: String, bound: ReferenceBound) throws {
    let golden = try UnitGolden.load(name: name)
    let product = try ProductUnitStatistics(golden.problem, bound, as: Double.self)
    #expect(product.difference(from: golden, bound) <= 1e-12)
  }

  @Test(arguments: goldens, ReferenceBound.allCases)
  func `statistics in Float agree with the golden to the rounding of its sums`(
    name: String, bound: ReferenceBound
  ) throws {
    let golden = try UnitGolden.load(name: name)
    let product = try ProductUnitStatistics(golden.problem, bound, as: Float.self)
    #expect(product.difference(from: golden, bound) <= floatTolerance(golden.problem))
  }

  @Test(arguments: goldens) func `a statistic that is off by the tolerance does not pass`(name: String) throws {
    let golden = try UnitGolden.load(name: name)
    let product = try ProductUnitStatistics(golden.problem, .paper, as: Double.self)
    var wrong = golden
    wrong.expected.paper[0].blocks[0][0][1] += 1e-11 * golden.expected.paper[0].largestBlockEntry
    #expect(product.difference(from: wrong, .paper) > 1e-12)
    wrong = golden
    wrong.expected.paper[0].inputMoment[1][0] += 1e-10 * golden.expected.paper[0].inputMoment[0][0].magnitude
    #expect(product.difference(from: wrong, .paper) > 1e-12)
    #expect(product.difference(from: golden, .full) > floatTolerance(golden.problem))
  }

  @Test(arguments: ReferenceBound.allCases)
  func `no direction has more curvature than the blocks`(bound: ReferenceBound) throws {
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed))
      let product = try ProductUnitStatistics(problem, bound, as: Double.self)
      let hessian = problem.taylorModel(boundedBy: bound).hessian
      let excess = largestEigenvalue(of: difference(hessian, product.curvature))
      #expect(excess <= 1e-10 * max(1, largestEigenvalue(of: product.curvature)), "seed \(seed)")
    }
  }

  @Test(arguments: ReferenceBound.allCases)
  func `half of the blocks is too little where the bound is nearly attained`(bound: ReferenceBound) throws {
    var tight = 0
    for problem in tightProblems(bound) {
      let product = try ProductUnitStatistics(problem, bound, as: Double.self)
      let hessian = problem.taylorModel(boundedBy: bound).hessian
      let curvature = product.curvature
      let scale = largestEigenvalue(of: curvature)
      #expect(largestEigenvalue(of: difference(hessian, curvature)) <= 1e-10 * scale)
      let half = curvature.map { row in row.map { 0.5 * $0 } }
      if largestEigenvalue(of: difference(hessian, half)) > 1e-3 * scale { tight += 1 }
    }
    #expect(tight >= tightProblems(bound).count / 2)
  }

  @Test func `by unit the bound is tighter than by weight`() throws {
    var (units, weights) = (0.0, 0.0)
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed))
      let byUnit = try ProductUnitStatistics(problem, .paper, as: Double.self).curvature
      let byWeight = try ProductStatistics(problem, .paper, as: Double.self).curvature
      // Both bounds are of the same quadratic form: their traces are the means of their quadratic terms.
      units += byUnit.indices.reduce(0) { $0 + byUnit[$1][$1] }
      weights += byWeight.reduce(0, +)
    }
    #expect(units < 0.8 * weights)
  }

  @Test func `all blocks of a layer together are all factored blocks`() throws {
    for seed in 0..<60 {
      let product = try ProductUnitStatistics(randomProblem(UInt64(seed)), .paper, as: Double.self)
      for layer in product.layers {
        let n = layer.inputMoment.count
        for j in 0..<n {
          for k in 0..<n {
            let exact = layer.blocks.reduce(0) { $0 + $1[j][k] }
            let factored = layer.unitCurvature.reduce(0, +) * layer.inputMoment[j][k]
            let scale = layer.blocks.reduce(0) { $0 + ($1[j][j] * $1[k][k]).squareRoot() }
            #expect((exact - factored).magnitude <= 1e-12 * scale, "seed \(seed)")
          }
        }
      }
    }
  }

  @Test func `piecewise-linear networks keep their curvature`() throws {
    var options = RandomProblemOptions()
    options.activations = ReferenceActivation.allCases.filter { $0.isPiecewiseLinear }
    options.losses = [.squaredError]
    options.deadUnits = true
    options.withoutBias = 0.3
    for seed in 0..<100 {
      var random = SmallRandom(seed: UInt64(seed))
      let problem = random.problem(options)
      let product = try ProductUnitStatistics(problem, .paper, as: Double.self)
      let trace = product.layers.reduce(0.0) { sum, layer in
        layer.blocks.reduce(sum) { sum, block in block.indices.reduce(sum) { $0 + block[$1][$1] } }
      }
      // squaredError: Z = h u with h = 2.
      let expected =
        product.outputTotalGradient.joined().reduce(0) { $0 + 2 * $1 * $1 } / Double(problem.inputs.count)
      #expect(relativeDifference([trace], [expected], floor: 1e-9) <= 1e-11, "seed \(seed)")
      #expect(expected == 0 || relativeDifference([trace / 2], [expected]) > 1e-11)
    }
  }

  @Test func `the sums of a training step are those of the statistics`() throws {
    for seed in 0..<40 {
      let problem = randomProblem(UInt64(seed))
      let statistics = try ProductUnitStatistics(problem, .paper, as: Double.self)
      let network = try problem.productNetwork(as: Double.self)
      let samples = problem.inputs.count
      network.reserve(samples: samples)
      let parameters = Arena<Double>(count: network.layout.count).all
      parameters.copy(from: problem.network.productParameters)
      let inputs = Matrix<Double>(rowsOf: problem.inputs[...], columns: network.inputs)
      let sums = Arena<Double>(count: 2 * network.layout.count).all
      let (wDot, wDDot) = (sums[0..<network.layout.count], sums[network.layout.count..<sums.count])
      _ = try network.forward(
        inputs, parameters: parameters, pass: .evaluation.sharing(.unit), samples: samples, ids: Span(),
        over: SingleRank())
      _ = network.addStatistics(
        inputs: inputs, targets: Matrix(rowsOf: problem.targets[...], columns: network.outputs),
        parameters: parameters, loss: try #require(Loss(rawValue: problem.loss.rawValue)), partition: .automatic,
        bound: .paper, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
      let workspace = UnitSumsWorkspace<Double>(network.unitLayers, samples: samples)
      let units = Arena<Double>(count: network.unitSumsCount).all
      units.fill(.nan)
      // In two parts, as lanes are.
      let parts = [0..<samples / 3, samples / 3..<samples].map { rows in
        let part = Arena<Double>(count: units.count).all
        network.formUnitSums(of: rows, inputs: inputs, into: part, workspace: workspace)
        return part.array
      }
      try #require(network.unitLayers.count == statistics.layers.count)
      for (unit, layer) in zip(network.unitLayers, statistics.layers) {
        let found = unit.curvature.map { (parts[0][$0] + parts[1][$0]) / Double(samples) }
        #expect(relativeDifference(found, layer.unitCurvature) <= 1e-12, "seed \(seed)")
        let mean = layer.unitCurvature.reduce(0, +) / Double(layer.unitCurvature.count)
        let moment = unit.moment.map { (parts[0][$0] + parts[1][$0]) / Double(samples) }
        // Of so few inputs the whole triangle is kept: of the inputs' block, then the bias's row.
        let expected = layer.inputMoment.enumerated().flatMap { row, values in values[0...row].map { $0 * mean } }
        #expect(relativeDifference(moment, expected) <= 1e-12, "seed \(seed)")
      }
    }
  }

  @Test func `of many inputs, the blocks and the last row are kept`() throws {
    // A linear network with squared errors: Z_i = 2 u and u = ‖ỹ‖, so that A's sum is 2 Σ ỹ ỹᵀ.
    let (samples, inputs) = (5, 300)
    let network = try Network<Double>([.dense(outputs: 3)], inputs: inputs)
    network.reserve(samples: samples)
    var random = SmallRandom(seed: 4)
    let x = Matrix<Double>(rows: samples, columns: inputs)
    for k in 0..<x.elements.count { x.elements[k] = random.uniform(-1...1) }
    let parameters = network.initialParameters(.uniform, seed: 1).all
    _ = try network.forward(
      x, parameters: parameters, pass: .evaluation.sharing(.unit), samples: samples, ids: Span(), over: SingleRank())
    let count = network.layout.count
    _ = network.addStatistics(
      inputs: x, targets: Matrix(rows: samples, columns: 3), parameters: parameters, loss: .squaredError,
      partition: .automatic, bound: .paper,
      into: StatisticsSlice(wDot: Arena(count: count).all, wDDot: Arena(count: count).all))
    let sums = Arena<Double>(count: network.unitSumsCount).all
    sums.fill(.nan)
    network.formUnitSums(
      of: 0..<samples, inputs: x, into: sums, workspace: UnitSumsWorkspace(network.unitLayers, samples: samples))
    let layer = try #require(network.unitLayers.first)
    #expect(layer.inputBlocks == [0..<150, 150..<300])
    func moment(_ j: Int, _ k: Int) -> Double {
      (0..<samples).reduce(0) { $0 + 2 * (j < inputs ? x[$1][j] : 1) * (k < inputs ? x[$1][k] : 1) }
    }
    var expected: [Double] = []
    for block in layer.inputBlocks {
      for row in block { expected += (block.lowerBound...row).map { moment(row, $0) } }
    }
    expected += (0...inputs).map { moment(inputs, $0) }
    #expect(relativeDifference(sums[layer.moment].array, expected) <= 1e-12)
  }

  private func randomProblem(_ seed: UInt64) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.widths = 1...4
    options.depth = 1...3
    options.withoutBias = 0.2
    options.deadUnits = seed.isMultiple(of: 3)
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }

  private func difference(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    zip(a, b).map { zip($0, $1).map { $0 - $1 } }
  }
}

extension UnitGolden.Layer {
  fileprivate var largestBlockEntry: Double { blocks.joined().joined().map(\.magnitude).max() ?? 0 }
}

/// The statistics by unit of a reference problem, computed by the product in a chosen precision, as plain Double arrays.
struct ProductUnitStatistics {
  let layers: [UnitGolden.Layer]
  let meanLoss: Double
  let outputs: [[Double]]
  let outputTotalGradient: [[Double]]

  init<Scalar: Real>(_ problem: ReferenceProblem, _ bound: ReferenceBound, as precision: Scalar.Type) throws {
    let network = try problem.productNetwork(as: precision)
    let samples = problem.inputs.count
    network.reserve(samples: samples)
    let parameters = Arena<Scalar>(count: network.layout.count)
    parameters.all.copy(from: problem.network.productParameters.map { Scalar($0) })
    let sums = Arena<Scalar>(count: 2 * network.layout.count).all
    let statistics = StatisticsSlice(
      wDot: sums[0..<network.layout.count], wDDot: sums[network.layout.count..<2 * network.layout.count])
    let inputs = Matrix<Scalar>(rowsOf: problem.inputs[...], columns: network.inputs)
    _ = try network.forward(
      inputs, parameters: parameters.all, pass: .evaluation.sharing(.unit), samples: samples, ids: Span(),
      over: SingleRank())
    let (loss, units) = network.unitStatistics(
      inputs: inputs, targets: Matrix<Scalar>(rowsOf: problem.targets[...], columns: network.outputs),
      parameters: parameters.all, loss: try #require(Loss(rawValue: problem.loss.rawValue)),
      lossPartition: .automatic, bound: bound == .full ? .full : .paper, into: statistics, wantsBlocks: true)
    func doubles(_ values: [Scalar]) -> [Double] { values.map { Double($0) } }
    layers = try units.map { unit in
      func block(_ role: ParameterShape.Role) -> [Double] {
        network.layout.blocks.first { $0.address == unit.address && $0.role == role }
          .map { doubles(statistics.wDot[$0.range].array.map { $0 / Scalar(samples) }) } ?? []
      }
      let (n, outputs) = (unit.inputMoment.columns, unit.unitCurvature.count)
      let blocks = try #require(unit.blocks).elements.array.map { Double($0) / Double(samples) }
      return UnitGolden.Layer(
        wDot: Self.rows(block(.weight), outputs), biasDot: block(.bias),
        unitCurvature: doubles(unit.meanCurvature(samples: samples)),
        inputMoment: Self.rows(doubles(unit.normalizedMoment), n),
        blocks: (0..<outputs).map { Self.rows(Array(blocks[$0 * n * n..<($0 + 1) * n * n]), n) })
    }
    meanLoss = loss / Double(samples)
    outputs = network.outputs(of: inputs).array.map(doubles)
    outputTotalGradient = network.totalGradient(inputs, parameters: parameters.all).array.map(doubles)
  }

  private static func rows(_ values: [Double], _ count: Int) -> [[Double]] {
    let columns = values.count / max(1, count)
    return (0..<count).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
  }

  /// D = blockdiag(H_i), [parameters × parameters] in the order of the parameters: of each layer the weights of all units, then
  /// their biases.
  var curvature: [[Double]] {
    var indices: [[Int]] = []
    var next = 0
    for layer in layers {
      let (outputs, inputs) = (layer.blocks.count, layer.wDot.first?.count ?? 0)
      for unit in 0..<outputs {
        let bias = layer.biasDot.isEmpty ? [] : [next + outputs * inputs + unit]
        indices.append((0..<inputs).map { next + unit * inputs + $0 } + bias)
      }
      next += outputs * inputs + layer.biasDot.count
    }
    var all = Array(repeating: Array(repeating: 0.0, count: next), count: next)
    for (places, block) in zip(indices, layers.flatMap(\.blocks)) {
      for (row, place) in places.enumerated() {
        for (column, other) in places.enumerated() { all[place][other] = block[row][column] }
      }
    }
    return all
  }

  /// The greatest difference of any tensor, relative to that tensor's largest magnitude.
  func difference(from golden: UnitGolden, _ bound: ReferenceBound) -> Double {
    let expected = golden.expected
    let pairs = zip(layers, bound == .full ? expected.full : expected.paper).map { own, other in
      [
        relativeDifference(own.wDot, other.wDot), relativeDifference(own.biasDot, other.biasDot),
        relativeDifference(own.unitCurvature, other.unitCurvature),
        relativeDifference(own.inputMoment, other.inputMoment),
        relativeDifference(own.blocks.flatMap(\.self), other.blocks.flatMap(\.self)),
      ]
    }
    return
      (pairs.joined() + [
        relativeDifference([meanLoss], [expected.meanLoss]), relativeDifference(outputs, expected.outputs),
        relativeDifference(outputTotalGradient, expected.outputTotalGradient),
      ]).max() ?? .infinity
  }
}
