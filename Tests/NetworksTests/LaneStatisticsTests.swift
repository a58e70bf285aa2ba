import Kernels
import Networks
import TestSupport
import Testing

/// The sums of lanes are those of minibatches of their own, added up in the tree, to the last bit: no row's signals depend on
/// which other rows a rank has, nor on where they lie.
@Suite struct LaneStatisticsTests {
  /// A network on random samples; sizes that fill no vector, and rows that begin at any place of a cache line.
  private struct Problem<Scalar: Real> {
    let network: Network<Scalar>
    let parameters: Vector<Scalar>
    let inputs: Matrix<Scalar>
    let targets: Matrix<Scalar>
    let weights: Vector<Scalar>?
    let ids: [Int32]
    let loss: Loss
    let bound: Bound

    init(_ layers: [LayerConfiguration], loss: Loss, bound: Bound, samples: Int, isWeighted: Bool) throws {
      network = try Network(layers, inputs: 301)
      parameters = network.initialParameters(.uniform, seed: 5).all
      inputs = Matrix(rows: samples, columns: 301)
      targets = Matrix(rows: samples, columns: network.outputs)
      var random = SmallRandom(seed: 11)
      for k in 0..<inputs.elements.count { inputs.elements[k] = Scalar(random.uniform(-1...1)) }
      for row in 0..<samples { targets[row][random.integer(0...network.outputs - 1)] = 1 }
      let weights = isWeighted ? Arena<Scalar>(count: samples).all : nil
      for row in 0..<samples { weights?[row] = Scalar(random.uniform(-0.2...1)) }
      self.weights = weights
      ids = (0..<samples).map { Int32(3 * $0) }
      (self.loss, self.bound) = (loss, bound)
      network.reserve(samples: samples)
    }

    private var pass: Pass {
      Pass(
        normalization: .running, updatesRunningAverages: false, dropout: Pass.DropoutMasks(seed: 2, epoch: 1))
    }

    /// Ẇ, Ẅ and the loss of some samples, as a minibatch of their own.
    func alone(_ rows: Range<Int>) throws -> [Scalar] {
      let count = network.layout.count
      let sums = Arena<Scalar>(count: 2 * count + 1).all
      let (x, t) = (inputs[rows], targets[rows])
      _ = try network.forward(
        x, parameters: parameters, pass: pass, samples: rows.count, ids: ids.span.extracting(rows), over: SingleRank())
      let loss = network.addStatistics(
        inputs: x, targets: t, parameters: parameters, loss: loss, partition: .automatic, bound: bound,
        weights: weights?[rows], into: StatisticsSlice(wDot: sums[0..<count], wDDot: sums[count..<2 * count]))
      sums[2 * count] = Scalar(loss)
      return sums.array
    }

    /// The same of all samples, by lanes.
    func inLanes(_ lanes: Int) throws -> [Scalar] {
      let count = network.layout.count
      let sums = SampleSums<Scalar>(count: 2 * count + 1)
      sums.values.fill(.nan)
      let rank = SingleRank(lanes: lanes)
      _ = try network.forward(
        inputs, parameters: parameters, pass: pass, samples: inputs.rows, ids: ids.span, over: rank)
      _ = try network.addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: .automatic, bound: bound,
        weights: weights, into: sums,
        at: StatisticsPlace(wDot: 0..<count, wDDot: count..<2 * count, loss: 2 * count), samples: inputs.rows,
        over: rank)
      try sums.addUp(over: rank)
      return sums.values.array
    }

    /// Lane by lane, in the tree of the definition.
    func expected(_ lanes: Range<Int>, of all: Int) throws -> [Scalar] {
      guard lanes.count > 1 else { return try alone(shard(0..<inputs.rows, rank: lanes.lowerBound, of: all)) }
      let middle = (lanes.lowerBound + lanes.upperBound) / 2
      let (left, right) = (
        try expected(lanes.lowerBound..<middle, of: all), try expected(middle..<lanes.upperBound, of: all)
      )
      return zip(left, right).map { $0 + $1 }
    }

    func check(lanes: Int) throws {
      let (found, expected) = (try inLanes(lanes), try expected(0..<lanes, of: lanes))
      let wrong = zip(found, expected).count { $0 != $1 || $0.sign != $1.sign }
      #expect(found.count == expected.count && wrong == 0, "\(lanes) lanes of \(inputs.rows) samples")
    }
  }

  private func check(
    _ layers: [LayerConfiguration], _ loss: Loss, _ bound: Bound, _ precision: Precision, isWeighted: Bool = false,
    samples: [Int] = [29], lanes: [Int] = [8]
  ) throws {
    for samples in samples {
      for lanes in lanes {
        switch precision {
        case .float32:
          try Problem<Float>(layers, loss: loss, bound: bound, samples: samples, isWeighted: isWeighted)
            .check(lanes: lanes)
        case .float64:
          try Problem<Double>(layers, loss: loss, bound: bound, samples: samples, isWeighted: isWeighted)
            .check(lanes: lanes)
        }
      }
    }
  }

  private func layers(_ activation: Activation) -> [LayerConfiguration] {
    [
      .dense(inputs: nil, outputs: 33), .activation(activation), .dropout(keep: 0.8),
      .dense(inputs: nil, outputs: 13, bias: false), .batchNorm, .activation(activation),
      .dense(inputs: nil, outputs: 7),
    ]
  }

  @Test(arguments: Activation.allCases, Precision.allCases)
  func `every activation`(activation: Activation, precision: Precision) throws {
    for bound in Bound.allCases { try check(layers(activation), .softmaxCrossEntropy, bound, precision) }
  }

  @Test(arguments: Loss.allCases, Precision.allCases)
  func `every loss, with and without weights`(loss: Loss, precision: Precision) throws {
    for isWeighted in [false, true] {
      try check(layers(.softplus), loss, .paper, precision, isWeighted: isWeighted)
    }
  }

  @Test(arguments: Precision.allCases)
  func `any number of lanes and samples, also lanes without samples and lanes of many`(precision: Precision) throws {
    try check(
      layers(.tanh), .softmaxCrossEntropy, .paper, precision, samples: [1, 5, 8, 100, 450], lanes: [1, 2, 3, 8, 16])
  }

  @Test func `one sum over all samples has other bits`() throws {
    let problem = try Problem<Float>(
      layers(.softplus), loss: .softmaxCrossEntropy, bound: .paper, samples: 29, isWeighted: false)
    #expect(try problem.alone(0..<29) != problem.inLanes(8))
  }
}
