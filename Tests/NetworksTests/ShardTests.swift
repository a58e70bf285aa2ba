import Kernels
import Networks
import TestSupport
import Testing

/// The statistics of a minibatch are sums over its samples: how they are cut, ordered and stored changes nothing.
@Suite struct ShardTests {
  @Test(arguments: [1, 2, 3, 7], ReferenceBound.allCases)
  func `adding shards gives the sums of the whole minibatch`(shards: Int, bound: ReferenceBound) throws {
    for seed in 0..<60 {
      // Up to nine samples: seven shards are often more than there are samples, and some are empty, the first too.
      let problem = randomProblem(UInt64(seed), samples: 1...9)
      for precision in Precision.allCases {
        let whole = try ProductStatistics(problem, bound, in: precision)
        let sum = try ProductStatistics(problem, bound, in: precision, shards: shards)
        let tolerance = roundingTolerance(problem, precision)
        #expect(sum.difference(from: whole, floor: 1) <= tolerance, "seed \(seed), \(precision)")
        #expect(relativeDifference(sum.outputs, whole.outputs, floor: 1) <= tolerance)
        #expect(relativeDifference(sum.outputTotalGradient, whole.outputTotalGradient, floor: 1) <= tolerance)
      }
    }
  }

  @Test func `leaving one sample out would be seen`() throws {
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed), samples: 2...9)
      var shorter = problem
      shorter.inputs.removeLast()
      shorter.targets.removeLast()
      let whole = try ProductStatistics(problem, .full, as: Float.self)
      let part = try ProductStatistics(shorter, .full, as: Float.self)
      #expect(part.difference(from: whole, floor: 1) > roundingTolerance(problem, .float32), "seed \(seed)")
    }
  }

  @Test(arguments: Precision.allCases, ReferenceBound.allCases)
  func `the order of the samples changes nothing beyond rounding`(precision: Precision, bound: ReferenceBound) throws {
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed), samples: 2...9)
      var random = SmallRandom(seed: UInt64(1000 + seed))
      let order = problem.inputs.indices.shuffled(using: &random)
      var permuted = problem
      permuted.inputs = order.map { problem.inputs[$0] }
      permuted.targets = order.map { problem.targets[$0] }
      let (a, b) = (
        try ProductStatistics(permuted, bound, in: precision), try ProductStatistics(problem, bound, in: precision)
      )
      #expect(a.difference(from: b, floor: 1) <= roundingTolerance(problem, precision), "seed \(seed)")
    }
  }

  @Test(arguments: Activation.allCases, Bound.allCases)
  func `what an earlier minibatch left behind changes no bit`(activation: Activation, bound: Bound) throws {
    let layers: [LayerConfiguration] = [
      .dense(inputs: nil, outputs: 5), .activation(activation), .dense(inputs: nil, outputs: 4),
      .activation(activation), .dense(inputs: nil, outputs: 3),
    ]
    let (fresh, used) = (try Network<Float>(layers, inputs: 2), try Network<Float>(layers, inputs: 2))
    let parameters = fresh.initialParameters(.uniform, seed: 4).all
    let small = Minibatch(samples: 2, value: 0.75)
    fresh.reserve(samples: 2)
    used.reserve(samples: 6)
    _ = Minibatch(samples: 6, value: .nan).sums(used, parameters, bound)
    let again = small.sums(used, parameters, bound)
    #expect(again == small.sums(fresh, parameters, bound))
    #expect(again.allSatisfy { $0.isFinite })
  }

  /// Samples of two inputs and three targets.
  private struct Minibatch {
    let inputs, targets: Matrix<Float>

    init(samples: Int, value: Float) {
      inputs = Matrix(rows: samples, columns: 2)
      targets = Matrix(rows: samples, columns: 3)
      inputs.elements.fill(value)
      inputs.elements[0] = -value
      for sample in 0..<samples { targets[sample][sample % 3] = 1 }
    }

    /// The loss, Ẇ and Ẅ.
    func sums(_ network: Network<Float>, _ parameters: Vector<Float>, _ bound: Bound) -> [Float] {
      let count = network.layout.count
      let sums = Arena<Float>(count: 2 * count).all
      _ = network.forward(inputs, parameters: parameters)
      let loss = network.addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: .softmaxCrossEntropy, partition: .automatic,
        bound: bound, into: StatisticsSlice(wDot: sums[0..<count], wDDot: sums[count..<2 * count]))
      return sums.array + [Float(loss)]
    }
  }

  private func randomProblem(_ seed: UInt64, samples: ClosedRange<Int>) -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.samples = samples
    // Away from hinge: a problem whose margins are all kept has no statistics to compare.
    options.losses = [.squaredError, .softmaxCrossEntropy, .sigmoidCrossEntropy]
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}
