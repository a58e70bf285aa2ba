import Kernels
import Networks
import TestSupport
import Testing

/// Ranks that see each other's signals form the sums of the whole minibatch, each of its part of the output units.
@Suite struct SharedSignalsTests {
  @Test(arguments: [1, 2, 3, 7], Bound.allCases)
  func `parts of the units over the samples of all ranks make up the sums`(ranks: Int, bound: Bound) throws {
    // Up to nine samples: seven ranks are often more than there are samples, and more than a layer's units.
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed), samples: 1...9)
      #expect(try difference(problem, ranks, bound, in: Double.self) <= roundingTolerance(problem, .float64))
      #expect(try difference(problem, ranks, bound, in: Float.self) <= roundingTolerance(problem, .float32))
    }
  }

  @Test(arguments: Bound.allCases) func `the gradient alone needs no curvature`(bound: Bound) throws {
    for seed in 0..<20 {
      let problem = randomProblem(UInt64(seed), samples: 2...9)
      let difference = try difference(problem, 2, bound, in: Double.self, wantsCurvature: false)
      #expect(difference <= roundingTolerance(problem, .float64))
    }
  }

  @Test func `rows that a rank writes in the wrong place would be seen`() throws {
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed), samples: 4...9)
      #expect(try difference(problem, 2, .full, in: Float.self, rowError: -1) > roundingTolerance(problem, .float32))
    }
  }

  @Test func `a part that is formed before the last rank has passed its signals back would be seen`() throws {
    for seed in 0..<60 {
      let problem = randomProblem(UInt64(seed), samples: 4...9)
      #expect(try difference(problem, 2, .full, in: Float.self, isEarly: true) > roundingTolerance(problem, .float32))
    }
  }

  @Test func `the parts of all ranks are all elements, each once`() throws {
    let network = try Network<Float>(
      [.dense(inputs: nil, outputs: 5), .batchNorm, .dense(inputs: nil, outputs: 2, bias: false)], inputs: 3)
    for ranks in [1, 2, 3, 8] {
      let parts = (0..<ranks).map { rank in
        network.separablePart(Sharing(rank: rank, ranks: ranks, samples: 1, rows: ranks, bound: nil))
      }
      for (index, block) in network.layout.blocks.enumerated() {
        let elements = parts.flatMap { Array($0[index]) }
        #expect(elements == (block.layer == 1 ? [] : Array(block.range)), "block \(block.name), \(ranks) ranks")
      }
    }
  }

  /// How far the mean Ẇ and Ẅ of all ranks' parts are from those of one network on all samples.
  ///
  /// - Parameters:
  ///   - rowError: added to the first row of every rank but the first.
  ///   - isEarly: whether the first rank forms its part before the last one begins its pass.
  private func difference<Scalar: Real>(
    _ problem: ReferenceProblem, _ ranks: Int, _ bound: Bound, in precision: Scalar.Type, wantsCurvature: Bool = true,
    rowError: Int = 0, isEarly: Bool = false
  ) throws -> Double {
    let samples = problem.inputs.count
    let loss = try #require(Loss(rawValue: problem.loss.rawValue))
    let plain = try problem.productNetwork(as: precision)
    let count = plain.layout.count
    let parameters = Arena<Scalar>(count: count)
    parameters.all.copy(from: problem.network.productParameters.map { Scalar($0) })
    func sums() -> StatisticsSlice<Scalar> {
      let numbers = Arena<Scalar>(count: 2 * count).all
      numbers.fill(.nan)
      return StatisticsSlice(wDot: numbers[0..<count], wDDot: wantsCurvature ? numbers[count..<2 * count] : nil)
    }
    func pass(_ network: Network<Scalar>, _ x: Matrix<Scalar>, _ t: Matrix<Scalar>, _ sums: StatisticsSlice<Scalar>) {
      _ = network.forward(x, parameters: parameters.all)
      _ = network.addStatistics(
        inputs: x, targets: t, parameters: parameters.all, loss: loss, partition: .automatic, bound: bound, into: sums)
    }
    let (x, t) = (
      Matrix<Scalar>(rowsOf: problem.inputs, columns: plain.inputs),
      Matrix<Scalar>(rowsOf: problem.targets, columns: plain.outputs)
    )
    plain.reserve(samples: samples)
    let whole = sums()
    pass(plain, x, t, whole)

    let capacity = (samples + ranks - 1) / ranks
    func sharing(_ rank: Int) -> Sharing {
      Sharing(
        rank: rank, ranks: ranks, samples: capacity, rows: ranks * capacity, bound: wantsCurvature ? bound : nil)
    }
    let memory = Arena<Scalar>(count: plain.sharedCount(sharing(0)))
    memory.all.fill(.nan)
    let networks = try (0..<ranks).map { rank in
      let network = try problem.productNetwork(as: precision)
      network.reserve(sharing(rank), in: memory.all)
      return network
    }
    let together = sums()
    func form(_ rank: Int) {
      let own = sums()
      networks[rank].formSeparableStatistics(inputs: x, bound: bound, into: own)
      for range in networks[rank].separablePart(sharing(rank)) {
        together.wDot[range].copy(from: own.wDot[range])
        if let wDDot = own.wDDot { together.wDDot?[range].copy(from: wDDot[range]) }
      }
    }
    for rank in 0..<ranks {
      let rows = shard(0..<samples, rank: rank, of: ranks)
      networks[rank].place(firstRow: rank == 0 ? 0 : rows.lowerBound + rowError, of: samples)
      if isEarly && rank == ranks - 1 { form(0) }
      pass(networks[rank], x[rows], t[rows], sums())
    }
    for rank in (isEarly ? 1 : 0)..<ranks { form(rank) }
    func means(_ sums: StatisticsSlice<Scalar>) -> [Double] {
      (sums.wDot.array + (sums.wDDot?.array ?? [])).map { Double($0) / Double(samples) }
    }
    return relativeDifference(means(together), means(whole), floor: 1)
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
