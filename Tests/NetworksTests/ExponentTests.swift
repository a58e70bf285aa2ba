import Foundation
import Kernels
import Networks
import TestSupport
import Testing

/// (M32) u and Z with exponents, in networks whose u and Z float32 cannot hold, and in networks where it can.
@Suite(.serialized) struct ExponentTests {
  /// By how much Float may differ from Double, relative to the largest number of a block.
  private static let tolerance = 1e-5

  /// A number with an exponent of its own beside it: 2^exponent times the values.
  private struct Scaled {
    var values: [Double]
    var exponent: Int

    /// The greatest difference, relative to the greatest magnitude of `other`.
    func difference(from other: Scaled) -> Double {
      func largest(_ values: [Double]) -> Double { values.reduce(0) { max($0, $1.magnitude) } }
      guard values.allSatisfy(\.isFinite), other.values.allSatisfy(\.isFinite) else { return .infinity }
      let scale = largest(other.values)
      guard scale > 0 else { return largest(values) == 0 ? 0 : .infinity }
      let shift = exponent - other.exponent
      return zip(values, other.values).reduce(0) { worst, pair in
        max(worst, (scalbn(pair.0, shift) - pair.1).magnitude / scale)
      }
    }
  }

  /// A network on random samples.
  private struct Problem {
    let layers: [LayerConfiguration]
    var initialization = Initialization.uniform
    var pass = Pass.evaluation
    var bound = Bound.paper
    var loss = Loss.squaredError
    var lanes: Int?
    /// Whether the exact blocks are among what is computed by unit.
    var wantsBlocks = false
    /// By how much every input is off, relative to itself.
    var disturbance = 0.0
    private static let (samples, inputs) = (11, 7)

    private func filled<Scalar: Real>(_ network: Network<Scalar>) -> (x: Matrix<Scalar>, t: Matrix<Scalar>) {
      let x = Matrix<Scalar>(rows: Self.samples, columns: network.inputs)
      let t = Matrix<Scalar>(rows: Self.samples, columns: network.outputs)
      var random = SmallRandom(seed: 11)
      for k in 0..<x.elements.count {
        x.elements[k] = Scalar(
          Double(Float(random.uniform(-1...1))) * (1 + (k.isMultiple(of: 2) ? 1 : -1) * disturbance))
      }
      for row in 0..<t.rows { t[row][row % t.columns] = 1 }
      return (x, t)
    }

    /// The network with parameters that Float holds.
    private func network<Scalar: Real>(
      as _: Scalar.Type
    ) throws -> (Network<Scalar>, Vector<Scalar>) {
      let network = try Network<Scalar>(layers, inputs: Self.inputs)
      let rounded = try Network<Float>(layers, inputs: Self.inputs).initialParameters(initialization, seed: 3).all
      let parameters = Arena<Scalar>(count: network.layout.count).all
      for k in 0..<parameters.count { parameters[k] = Scalar(rounded[k]) }
      network.reserve(samples: Self.samples)
      return (network, parameters)
    }

    private func forward<Scalar: Real>(
      _ network: Network<Scalar>, _ parameters: Vector<Scalar>, _ x: Matrix<Scalar>, choosing: Bool,
      over rank: borrowing some GlobalSum & ~Copyable
    ) throws {
      if choosing { network.chooseExponents(parameters, pass: pass, bound: bound) }
      let ids = (0..<Int32(x.rows)).map { 3 * $0 }
      _ = try network.forward(x, parameters: parameters, pass: pass, samples: x.rows, ids: ids.span, over: rank)
    }

    /// u at the output, and Ẅ of every trained block.
    ///
    /// - Parameter choosing: whether exponents are chosen; otherwise they are 0.
    func byWeight<Scalar: Real>(as _: Scalar.Type, choosing: Bool = true) throws -> [Scaled] {
      let (network, parameters) = try network(as: Scalar.self)
      let (x, t) = filled(network)
      let rank = SingleRank(lanes: lanes)
      try forward(network, parameters, x, choosing: choosing, over: rank)
      let count = network.layout.count
      let sums = SampleSums<Scalar>(count: 2 * count + 1)
      _ = try network.addStatistics(
        inputs: x, targets: t, parameters: parameters, loss: loss, partition: .automatic, bound: bound, into: sums,
        at: StatisticsPlace(wDot: 0..<count, wDDot: count..<2 * count, loss: 2 * count), samples: x.rows, over: rank)
      try sums.addUp(over: rank)
      let u = network.totalGradient(x, parameters: parameters).elements
      let blocks = network.layout.blocks.indices.filter { network.layout.blocks[$0].isTrained }
      return [Scaled(values: u.array.map { Double($0) }, exponent: network.outputExponent)]
        + blocks.map { index in
          let range = network.layout.blocks[index].range
          return Scaled(
            values: sums.values[count + range.lowerBound..<count + range.upperBound].array.map { Double($0) },
            exponent: network.curvatureExponents[index])
        }
    }

    /// g, A and one number more of the blocks of every layer; and the sums of a training step.
    func byUnit<Scalar: Real>(as _: Scalar.Type, choosing: Bool = true) throws -> [Scaled] {
      let (network, parameters) = try network(as: Scalar.self)
      let (x, t) = filled(network)
      var problem = self
      problem.pass.partition = .unit
      try problem.forward(network, parameters, x, choosing: choosing, over: SingleRank())
      let count = network.layout.count
      let units = network.unitStatistics(
        inputs: x, targets: t, parameters: parameters, loss: loss, lossPartition: .automatic, bound: bound,
        into: StatisticsSlice(wDot: Arena(count: count).all, wDDot: Arena(count: count).all), wantsBlocks: wantsBlocks
      ).layers
      let sums = Arena<Scalar>(count: network.unitSumsCount).all
      network.formUnitSums(
        of: 0..<x.rows, inputs: x, into: sums, workspace: UnitSumsWorkspace(network.unitLayers, samples: x.rows))
      func scaled(_ values: [Scalar], _ exponent: Int) -> Scaled {
        Scaled(values: values.map { Double($0) }, exponent: exponent)
      }
      return zip(units, network.unitLayers).flatMap { unit, layer in
        [
          scaled(unit.unitCurvature.array, unit.exponent), scaled(unit.normalizedMoment, 0),
          scaled(unit.blocks?.elements.array ?? [], unit.exponent),
          scaled(sums[layer.curvature].array, network.curvatureExponent(of: layer)),
          scaled(sums[layer.moment].array, network.curvatureExponent(of: layer)),
        ]
      }
    }

    /// The worst difference of Float from Double.
    func difference(byUnit: Bool) throws -> Double {
      let (single, double) =
        byUnit
        ? (try self.byUnit(as: Float.self), try self.byUnit(as: Double.self))
        : (try byWeight(as: Float.self), try byWeight(as: Double.self))
      return zip(single, double).reduce(0) { max($0, $1.0.difference(from: $1.1)) }
    }

    /// By how much Double itself changes where the inputs are off by a rounding of Float.
    func sensitivity(byUnit: Bool) throws -> Double {
      var other = self
      other.disturbance = Double(Float.ulpOfOne)
      let (a, b) =
        byUnit
        ? (try other.byUnit(as: Double.self), try self.byUnit(as: Double.self))
        : (try other.byWeight(as: Double.self), try byWeight(as: Double.self))
      return zip(a, b).reduce(0) { max($0, $1.0.difference(from: $1.1)) }
    }
  }

  private static func deep(_ activation: Activation, width: Int, depth: Int) -> [LayerConfiguration] {
    (0..<depth).flatMap { _ in [.dense(outputs: width), .activation(activation)] } + [.dense(outputs: 5)]
  }

  @Test(arguments: Activation.allCases, [false, true])
  func `Float agrees with Double in a network of 200 layers`(activation: Activation, byUnit: Bool) throws {
    for bound in Bound.allCases {
      let problem = Problem(layers: Self.deep(activation, width: 32, depth: 200), bound: bound)
      #expect(try problem.difference(byUnit: byUnit) <= Self.tolerance, "\(bound)")
    }
  }

  /// With He's initialisation a network can be chaotic: then it is the rounding of the values that the statistics show.
  @Test(arguments: Activation.allCases, [false, true])
  func `Float agrees with Double with larger weights`(activation: Activation, byUnit: Bool) throws {
    let problem = Problem(layers: Self.deep(activation, width: 32, depth: 200), initialization: .he)
    let sensitivity = try problem.sensitivity(byUnit: byUnit)
    #expect(try problem.difference(byUnit: byUnit) <= max(Self.tolerance, 100 * sensitivity))
    #expect(sensitivity < 1e-4 || ![.identity, .sigmoid, .softplus, .swish].contains(activation))
    let wide = Problem(layers: Self.deep(activation, width: 300, depth: 20), initialization: .he)
    #expect(try wide.difference(byUnit: byUnit) <= Self.tolerance)
  }

  @Test func `without exponents Float cannot hold these numbers, and Double can hold some of them`() throws {
    let problem = Problem(layers: Self.deep(.tanh, width: 32, depth: 200))
    let plain = try problem.byWeight(as: Float.self, choosing: false)
    #expect(plain.contains { !$0.values.allSatisfy { $0.isFinite } })
    let (double, chosen) = (
      try problem.byWeight(as: Double.self, choosing: false), try problem.byWeight(as: Double.self)
    )
    #expect(double.allSatisfy { $0.exponent == 0 } && chosen.contains { $0.exponent != 0 })
    let float = try problem.byWeight(as: Float.self)
    for (k, number) in float.enumerated() {
      #expect(chosen[k].difference(from: double[k]) <= 1e-14)
      #expect(number.difference(from: double[k]) <= Self.tolerance)
      // An exponent that is wrong by one step.
      #expect(Scaled(values: number.values, exponent: number.exponent + 2).difference(from: double[k]) > 1)
    }
  }

  /// Deep enough that exponents are not 0, and not so deep that Float could not do without them.
  private static let every: [LayerConfiguration] =
    (0..<5).flatMap { turn -> [LayerConfiguration] in
      [
        .dense(outputs: 40), .activation(.tanh),
        .residual([
          .batchNorm, .activation(.relu), .dense(outputs: 40), .residual([.activation(.elu), .dense(outputs: 40)]),
        ]),
        .batchNorm, .dropout(keep: 0.9), .dense(outputs: 40, bias: false), .activation(.swish),
      ]
    } + [.dense(outputs: 5)]

  @Test(arguments: [nil, 1, 4], Bound.allCases)
  func `exponents change no bit where none are needed`(lanes: Int?, bound: Bound) throws {
    for top: [LayerConfiguration] in [[], [.activation(.tanh)]] {
      for loss in [Loss.squaredError, .softmaxCrossEntropy] {
        var problem = Problem(layers: Self.every + top, bound: bound, loss: loss, lanes: lanes)
        problem.pass.dropout = Pass.DropoutMasks(seed: 1, epoch: 2)
        for normalization in [Pass.Normalization.running, .frozenMinibatch] {
          problem.pass.normalization = normalization
          let (with, without) = (
            try problem.byWeight(as: Float.self), try problem.byWeight(as: Float.self, choosing: false)
          )
          #expect(with.contains { $0.exponent > 0 })
          for (a, b) in zip(with, without) {
            #expect(b.exponent == 0 && b.values.allSatisfy { $0.isFinite })
            #expect(a.values.map { scalbn($0, a.exponent) } == b.values)
          }
        }
      }
    }
  }

  @Test(arguments: Bound.allCases) func `nor by unit`(bound: Bound) throws {
    let problem = Problem(layers: Self.deep(.softplus, width: 32, depth: 60), bound: bound, wantsBlocks: true)
    let (with, without) = (try problem.byUnit(as: Float.self), try problem.byUnit(as: Float.self, choosing: false))
    #expect(with.contains { $0.exponent > 0 })
    for (a, b) in zip(with, without) {
      #expect(b.values.allSatisfy { $0.isFinite })
      // A is a quotient, and the sums of a step are made of roots of Z, which have whole exponents too.
      #expect(a.values.map { scalbn($0, a.exponent) } == b.values)
    }
  }

  @Test func `a network that needs no exponents has none`() throws {
    let network = try Network<Float>(
      [
        .dense(outputs: 400), .activation(.softplus), .dense(outputs: 100), .activation(.softplus), .dense(outputs: 10),
      ],
      inputs: 784)
    for initialization in [Initialization.uniform, .he, .xavier, .normal] {
      network.chooseExponents(
        network.initialParameters(initialization, seed: 1).all, pass: .evaluation, bound: .full)
      #expect(network.outputExponent == 0 && network.curvatureExponents.allSatisfy { $0 == 0 })
    }
  }

  @Test func `every processor chooses the same exponents`() {
    let widest = InstructionSet.allCases.last { $0.isSupported }
    #expect(InstructionSet.best == widest)
    withPlainInstructions { #expect(InstructionSet.best == .plain) }
    #expect(InstructionSet.best != .plain)
  }

  @Test func `dead layers and inputs of zeros have exponents too`() throws {
    // The biases make every unit of the middle dead: u is 0 above, and starts anew.
    let network = try Network<Float>(Self.deep(.relu, width: 24, depth: 80), inputs: 7)
    let parameters = network.initialParameters(.he, seed: 1).all
    let middle = network.layout.blocks.filter { $0.role == .bias }[40]
    parameters[middle.range].fill(-1e9)
    network.chooseExponents(parameters, pass: .evaluation, bound: .paper)
    network.reserve(samples: 2)
    let x = Matrix<Float>(rows: 2, columns: 7)
    _ = network.forward(x, parameters: parameters)
    let u = network.totalGradient(x, parameters: parameters)
    #expect(u.elements.array.allSatisfy { $0.isFinite && $0 > 0 })
  }

  @Test(arguments: [Activation.softplus, .sigmoid, .elu, .swish])
  func `units that are dead for the samples that choose exponents can be alive for others`(
    activation: Activation
  ) throws {
    // Every unit of the first layers is far in its flat part for inputs of size 1, and has slope 1 or ¼ for these.
    var layers = [LayerConfiguration]()
    for _ in 0..<4 { layers += [.dense(outputs: 3), .activation(activation)] }
    let network = try Network<Float>(layers + [.dense(outputs: 2)], inputs: 1)
    let parameters = network.initialParameters(.normal, seed: 2).all
    let blocks = network.layout.blocks
    parameters[blocks[0].range].fill(1)
    parameters[blocks[1].range].fill(-85)
    network.reserve(samples: 4)
    let x = Matrix<Float>(rows: 4, columns: 1)
    for row in 0..<4 { x[row][0] = 85 + Float(row) }
    func curvature(choosing: Bool) throws -> [Double] {
      if choosing { network.chooseExponents(parameters, pass: .evaluation, bound: .paper) }
      _ = network.forward(x, parameters: parameters)
      let sums = Arena<Float>(count: 2 * network.layout.count).all
      let (wDot, wDDot) = (sums[0..<network.layout.count], sums[network.layout.count..<sums.count])
      let t = Matrix<Float>(rows: 4, columns: 2)
      _ = network.addStatistics(
        inputs: x, targets: t, parameters: parameters, loss: .squaredError, partition: .automatic, bound: .paper,
        into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
      return blocks.indices.flatMap { index in
        blocks[index].range.map { scalbn(Double(wDDot[$0]), network.curvatureExponents[index]) }
      }
    }
    let expected = try curvature(choosing: false)
    let found = try curvature(choosing: true)
    #expect(expected.contains { $0 > 0 } && expected.allSatisfy(\.isFinite))
    #expect(relativeDifference(found, expected) <= Self.tolerance)
  }
}
