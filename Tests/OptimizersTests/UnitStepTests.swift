import Foundation
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M31) against NumPy, and its parts.
@Suite struct UnitStepTests {
  /// Double against NumPy after up to 24 steps. The lengths of the first steps are quotients of sums that nearly cancel.
  static let tolerance = 1e-10

  @Test(arguments: 0..<6) func `some steps end where NumPy ends`(number: Int) throws {
    let cases = try UnitStepCase.load()
    try #require(cases.count == 6)
    let expected = cases[number].parameters.flatMap { $0.weight.flatMap(\.self) + $0.bias }
    let found = try cases[number].train(as: Double.self)
    #expect(relativeDifference(found, expected) <= Self.tolerance)
    let single = try cases[number].train(as: Float.self)
    // Of the inputs of case 3, some of which hardly vary, Float has few digits left beside their means.
    #expect(relativeDifference(single, expected) <= (number == 3 ? 1e-2 : 1e-3))
    // What would be seen: other averages, another power, a bias that moves by itself, half the curvature where no scale
    // takes it out.
    var other = cases[number]
    other.decay = other.decay == 0 ? 0.5 : 0.9 * other.decay
    // In case 0 lengths are found, and start at 10⁻⁶.
    #expect(relativeDifference(try other.train(as: Double.self), expected) > (number == 0 ? 1e-8 : 1e-6))
    other = cases[number]
    other.power = 1.5 - other.power
    #expect(relativeDifference(try other.train(as: Double.self), expected) > 1e-4)
    if cases[number].scale == "none" {
      #expect(relativeDifference(try cases[number].train(as: Double.self, curvature: 0.5), expected) > 1e-2)
    } else {
      #expect(relativeDifference(try cases[number].train(as: Double.self, curvature: 0.5), expected) <= Self.tolerance)
    }
  }

  @Test func `without an average of gradients the step is −P times the gradient`() throws {
    for scale: LayerScale in [LayerScale.none, LayerScale.unit] {
      var one = try UnitStepCase.load()[2]
      one.learningRate = 0.02
      let run = try UnitTraining<Double>(one, one.rule(scale: scale, momentum: 0))
      for _ in 0..<5 { try run.step() }
      let before = run.parameters.array
      try run.step()
      let moved = zip(run.parameters.array, before).map { $0 - $1 }
      // P takes Ẇ, and R is 0.
      let found = run.derivative(along: run.wDot.array).map { -$0 }
      #expect(relativeDifference(found, moved) <= 1e-12)
    }
  }

  @Test func `the derivative is symmetric, and of the average of gradients`() throws {
    let one = try UnitStepCase.load()[5]
    let run = try UnitTraining<Double>(one, one.rule(scale: LayerScale.none))
    for _ in 0..<12 { try run.step() }
    var random = SmallRandom(seed: 5)
    let (x, y) = (numbers(&random, run.parameters.count), numbers(&random, run.parameters.count))
    let (px, py) = (run.derivative(along: x), run.derivative(along: y))
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    #expect((dot(x, py) - dot(y, px)).magnitude <= 1e-12 * (dot(x, px) * dot(y, py)).squareRoot())
    #expect(dot(x, px) > 0)
    // Without a scale Δw is linear in Ẇ, and g and A do not see it.
    let other = try UnitTraining<Double>(one, one.rule(scale: LayerScale.none))
    for turn in 0..<12 { try other.step(adding: turn == 11 ? x : nil) }
    let change = zip(other.parameters.array, run.parameters.array).map { $1 - $0 }
    #expect(relativeDifference(px, change) <= 1e-9)
  }

  @Test(arguments: [CurvaturePower.half, .one], [true, false])
  func `inputs of different blocks are apart, but for their means`(power: CurvaturePower, isFirst: Bool) throws {
    // 520 inputs are three blocks of 173 or 174.
    let n = 520
    let widths = isFirst ? [n] : [7, n]
    let network = try Network<Double>(
      widths.dropFirst().map { .dense(outputs: $0) } + [.dense(outputs: 3)], inputs: widths[0])
    let layer = try #require(network.unitLayers.last)
    #expect(layer.isFirst == isFirst && layer.inputBlocks == [0..<173, 173..<346, 346..<520])
    var random = SmallRandom(seed: 3)
    // A second moment of 900 samples with means.
    let samples = (0..<900).map { _ in numbers(&random, n).enumerated().map { $1 + Double($0 % 3) } + [1.0] }
    let sums = Arena<Double>(count: network.unitSumsCount).all
    sums.fill(1)
    func moment(_ j: Int, _ k: Int) -> Double { samples.reduce(0) { $0 + $1[j] * $1[k] } / 900 }
    let packed = sums[layer.moment]
    for (block, range) in layer.inputBlocks.enumerated() {
      var at = layer.place(ofBlock: block).lowerBound
      for row in range {
        for column in range.lowerBound...row {
          packed[at] = moment(row, column)
          at += 1
        }
      }
    }
    for column in 0...n { packed[layer.placeOfLastRow.lowerBound + column] = moment(n, column) }
    let rule = ResidualPartitioning(curvaturePower: power, layerScale: LayerScale.none).byUnit
    let state = OptimizerState<Double>(for: rule, network.layout, unitLayers: network.unitLayers)
    let units = try #require(state.units)
    try units.takeUp(sums, samples: 1, decay: 0, power: power, over: SingleRank())
    let m = numbers(&random, network.layout.count)
    let v = vector(m, as: Double.self)
    units.roots.apply(to: v)

    // What (M31) says of P, up to a rotation: with the mean taken out, a block's rows D satisfy D (Σ + Δ)^2p Dᵀ = M Mᵀ.
    let mean = (0...n).reduce(0) { $0 + moment($1, $1) } / Double(n + 1)
    func ridge(_ own: Double) -> Double { 0.01 * (isFirst ? mean : (own * mean).squareRoot()) }
    let mu = (0..<n).map { moment(n, $0) }
    func row(_ values: [Double], _ unit: Int) -> (weights: [Double], bias: Double) {
      let all = Array(values[layer.parameters])
      return (Array(all[unit * n..<(unit + 1) * n]), all[3 * n + unit])
    }
    let (before, after) = ((0..<3).map { row(m, $0) }, (0..<3).map { row(v.array, $0) })
    let tau = pow(1 + ridge(1), -power.rawValue) * pow(1 + mu.reduce(0) { $0 + $1 * $1 }, (1 - power.rawValue) / 2)
    for unit in 0..<3 {
      let expected = tau * before[unit].bias - zip(after[unit].weights, mu).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(relativeDifference([after[unit].bias], [expected]) <= 1e-10)
    }
    for range in layer.inputBlocks {
      // D (Σ + Δ), and once more for p = 1.
      func image(_ x: [Double]) -> [Double] {
        range.map { j in
          range.reduce(0) { sum, k in
            var element = moment(j, k) - 0.97 * mu[j] * mu[k]
            if j == k { element += ridge(element) }
            return sum + element * x[k - range.lowerBound]
          }
        }
      }
      let d = after.map { Array($0.weights[range]) }
      let centred = before.map { row in range.map { row.weights[$0] - row.bias * mu[$0] } }
      let images = d.map { power == .one ? image(image($0)) : image($0) }
      for (i, j) in [(0, 0), (0, 1), (2, 1)] {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let scale = (dot(centred[i], centred[i]) * dot(centred[j], centred[j])).squareRoot()
        #expect((dot(images[i], d[j]) - dot(centred[i], centred[j])).magnitude <= 1e-9 * scale)
        #expect((dot(images[i], d[j]) - dot(before[i].weights, before[j].weights)).magnitude > 1e-2 * scale)
      }
    }
  }

  @Test(arguments: [false, true], [1e-25, 1e-12, 1, 1e12, 3e18])
  func `inputs of any size, or none, make a finite step`(hasBias: Bool, size: Double) throws {
    // The second moment of two samples, relative to their norm.
    let network = try Network<Float>(
      [.dense(outputs: 4), .dense(outputs: 3, bias: hasBias)], inputs: 2)
    let units = try #require(
      OptimizerState<Float>(for: ResidualPartitioning().byUnit, network.layout, unitLayers: network.unitLayers).units)
    for power in [CurvaturePower.half, .one] {
      let sums = Arena<Float>(count: network.unitSumsCount).all
      for layer in network.unitLayers {
        for unit in layer.curvature { sums[unit] = 1 }
        let samples = [[1.0, -0.5, 0, 2], [0.5, 1, 0, 3]].map { $0[..<layer.inputs].map { size * $0 } }
        let block = layer.inputBlocks[0]
        for sample in samples {
          let norm = (sample.reduce(1) { $0 + $1 * $1 }).squareRoot()
          for row in block {
            for column in 0...row {
              sums[layer.moment.lowerBound + row * (row + 1) / 2 + column] += Float(sample[row] * sample[column] / norm)
            }
          }
          guard layer.hasBias else { continue }
          let last = sums[layer.moment][layer.placeOfLastRow]
          for column in block { last[column] += Float(sample[column] / norm) }
          last[layer.inputs] += Float(1 / norm)
        }
      }
      try units.takeUp(sums, samples: 2, decay: 0, power: power, over: SingleRank())
      let v = vector((0..<network.layout.count).map { Double($0 % 5) - 2 }, as: Float.self)
      units.roots.apply(to: v)
      #expect(v.array.allSatisfy { $0.isFinite }, "\(power)")
    }
  }

  @Test func `every layer's root has one rank, and the largest are apart`() throws {
    let network = try Network<Float>([.dense(outputs: 400), .dense(outputs: 100), .dense(outputs: 10)], inputs: 784)
    let part = UnitCurvature<Float>.owners(of: network.unitLayers, among: 2)
    #expect(part == [0, 1, 1])
    #expect(UnitCurvature<Float>.owners(of: network.unitLayers, among: 1) == [0, 0, 0])
    #expect(UnitCurvature<Float>.owners(of: network.unitLayers, among: 8) == [0, 1, 2])
  }
}

/// Numbers from −1 to 1.
private func numbers(_ random: inout SmallRandom, _ count: Int) -> [Double] {
  (0..<count).map { _ in random.uniform(-1...1) }
}

/// Training of a problem of `statistics-unit-*.json`, from `Tests/goldens/unit-steps.json`; its generator is
/// `scripts/goldens/unit_steps.py`.
struct UnitStepCase: Decodable {
  struct Layer: Decodable {
    var weight: [[Double]]
    var bias: [Double]
  }

  var problem: String
  var steps: Int
  var power, momentum, decay: Double
  var every: Int
  var learningRate: Double?
  var scale: String?
  var l2: Double?
  var l1: Double?
  var parameters: [Layer]

  static func load() throws -> [UnitStepCase] {
    struct File: Decodable { var cases: [UnitStepCase] }
    let data = try Data(contentsOf: Golden.directory.appendingPathComponent("unit-steps.json"))
    return try JSONDecoder().decode(File.self, from: data).cases
  }

  func rule(scale: LayerScale? = nil, momentum: Double? = nil) -> ResidualPartitioning {
    var rule = ResidualPartitioning(
      momentum: momentum ?? self.momentum, curvatureDecay: decay, curvaturePower: power == 1 ? .one : .half,
      layerScale: scale ?? (self.scale == "none" ? LayerScale.none : .unit), findsLength: learningRate == nil
    ).byUnit
    (rule.curvatureEvery, rule.lengths) = (every, .found)
    return rule
  }

  /// The parameters after all steps.
  ///
  /// - Parameter curvature: a factor of g, planted.
  func train<S: Real>(as _: S.Type, curvature: Double = 1) throws -> [Double] {
    let run = try UnitTraining<S>(self, rule())
    for _ in 0..<steps { try run.step(curvature: curvature) }
    return run.parameters.array.map { Double($0) }
  }
}

/// The training of a ``UnitStepCase``, step by step.
final class UnitTraining<S: Real> {
  let parameters: Vector<S>
  let wDot: Vector<S>
  private let network: Network<S>
  private let one: UnitStepCase
  private let rule: ResidualPartitioning
  private let state: OptimizerState<S>
  private let problem: ReferenceProblem
  private let sums: Vector<S>
  private let workspace: UnitSumsWorkspace<S>
  private var steps = 0

  init(_ one: UnitStepCase, _ rule: ResidualPartitioning) throws {
    (self.one, self.rule) = (one, rule)
    problem = try UnitGolden.load(name: one.problem).problem
    var (layers, numbers) = ([LayerConfiguration](), [Double]())
    for layer in problem.network.layers {
      switch layer {
      case .dense(let weight, let bias):
        layers.append(.dense(outputs: weight.count))
        numbers += weight.joined() + bias
      case .activation(let activation):
        layers.append(.activation(try #require(Activation(rawValue: activation.rawValue))))
      default: Issue.record("these problems have dense layers and activations")
      }
    }
    network = try Network(layers, inputs: problem.inputs[0].count)
    network.reserve(samples: problem.inputs.count)
    parameters = vector(numbers, as: S.self)
    wDot = Arena(count: network.layout.count).all
    sums = Arena(count: network.unitSumsCount).all
    workspace = UnitSumsWorkspace(network.unitLayers, samples: problem.inputs.count)
    state = OptimizerState(for: rule, network.layout, keepsCurvature: true, unitLayers: network.unitLayers)
  }

  private var rate: Double { one.learningRate ?? 1 }
  private var samples: Int { problem.inputs.count }
  private var regularization: Regularization { Regularization(l2: one.l2 ?? 0, l1: one.l1 ?? 0) }

  func step(adding change: [Double]? = nil, curvature: Double = 1) throws {
    let x = vector(problem.inputs.flatMap(\.self), as: S.self).matrix(rows: samples, columns: network.inputs)
    let t = vector(problem.targets.flatMap(\.self), as: S.self).matrix(rows: samples, columns: network.outputs)
    _ = try network.forward(
      x, parameters: parameters, pass: .evaluation.sharing(.unit), samples: samples, ids: Span(), over: SingleRank())
    let isDue = try #require(rule.curvatureUse).isDue(step: steps)
    let wDDot = isDue ? Arena<S>(count: wDot.count).all : nil
    _ = network.addStatistics(
      inputs: x, targets: t, parameters: parameters, loss: try #require(Loss(rawValue: problem.loss.rawValue)),
      partition: .automatic, bound: .paper, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
    #expect(wDDot?.array.allSatisfy { $0 == 0 } ?? true, "layers by unit have no numbers of single weights")
    if isDue {
      network.formUnitSums(of: 0..<samples, inputs: x, into: sums, workspace: workspace)
      sums.scale(by: S(curvature))
      try state.units?.takeUp(
        sums, samples: samples, decay: rule.curvatureDecay, power: rule.curvaturePower, over: SingleRank())
    }
    if let change { for k in change.indices { wDot[k] += S(change[k]) } }
    rule.update(
      parameters, sums: StatisticsSlice(wDot: wDot, wDDot: nil), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout)
    steps += 1
  }

  /// P v of the last step.
  func derivative(along v: [Double]) -> [Double] {
    let (p, product) = (Arena<S>(count: wDot.count).all, vector(v, as: S.self))
    rule.stepDerivative(
      into: p, sums: StatisticsSlice(wDot: wDot, wDDot: nil), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout)
    state.units?.roots.apply(to: product)
    return zip(p.array, product.array).map { Double($0 * $1) }
  }
}

extension ResidualPartitioning {
  /// The same with a partition by unit.
  var byUnit: ResidualPartitioning {
    var rule = self
    rule.partition = .unit
    return rule
  }
}
