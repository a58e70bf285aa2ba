private import BLAS
public import Hypergradients
public import Kernels
internal import Networks

/// The time of a hypergradient of two or three levels on a 784-256-10 relu classifier, beside that of an ordinary step.
///
/// Teacher and student are such networks, and the samples are random. The batch size is the number of training
/// examples, of unlabelled inputs and of validation samples. The time of a hypergradient includes the steps that it
/// differentiates.
public struct HypergradientBenchmark {
  static let layers: [LayerConfiguration] = [
    .dense(inputs: nil, outputs: 256), .activation(.relu), .dense(inputs: nil, outputs: 10),
  ]
  static let features = 784
  static let rate = 1e-3

  public var batch: Int
  public var repeats: Int
  public var threads: Int
  public var grid: Grid.Choice

  public init(batch: Int, repeats: Int, threads: Int, grid: Grid.Choice = .automatic) {
    (self.batch, self.repeats, self.threads, self.grid) = (batch, repeats, threads, grid)
  }

  /// The medians for one strategy, times in milliseconds.
  public struct Result: Sendable {
    public var levels: Int
    public var strategy: Strategy
    public var precision: Precision
    /// The steps and the hypergradient through them, until every rank has the result.
    public var milliseconds: Double
    /// The steps alone.
    public var steps: Double
    /// An ordinary step of the teacher: a forward and a backward pass, and the update.
    public var step: Double
    /// A forward-mode pass along one direction.
    public var forwardMode: Double
    /// The passes of a single rank, without those of the steps.
    public var passes: PassCount
    /// For each rank its passes, and the seconds of work on them, without waiting.
    public var rankPasses: [PassCount]
    public var rankSeconds: [Double]
    /// The numbers of groups for the middle passes and for the leaf passes; with two levels there are no middle passes.
    public var groups: (middle: Int?, leaf: Int)

    /// The time that `exact` may need in addition to the steps: one ordinary step per level and a forward-mode pass per
    /// product.
    public var allowance: Double { Double(levels) * step + Double(levels - 1) * forwardMode }
    /// The greatest work of a rank, relative to the mean: 1 where all ranks have equal work.
    public var imbalance: Double {
      let mean = rankSeconds.reduce(0, +) / Double(rankSeconds.count)
      return mean > 0 ? (rankSeconds.max() ?? 0) / mean : 1
    }
  }

  /// Times one strategy. Collective.
  public func measure<Scalar: Real>(
    levels: Int, _ strategy: Strategy, as precision: Scalar.Type, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Result {
    BLASLibrary.setThreads(threads)
    let learner = Learner(layers: Self.layers, inputs: Self.features, loss: .softmaxCrossEntropy)
    let chain = Chain(
      teacher: learner, student: levels == 3 ? learner : nil, validationLoss: .softmaxCrossEntropy)
    let chainCase: ChainCase<Scalar> = try randomCase(levels: levels)
    let hypergradient = try Hypergradient<Scalar>(chain, strategy: strategy, grid: grid)
    let alone = try Hypergradient<Scalar>(chain, strategy: strategy)
    _ = try alone.compute(chainCase, over: SingleRank())

    let clock = ContinuousClock()
    let forwardMode = try ForwardModePass(chainCase)
    var (whole, steps, step, tangents): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    var work: [Double] = []
    for turn in 0..<repeats + 3 {
      let time = try clock.measure { _ = try hypergradient.compute(chainCase, over: ranks) }
      let stepTime = try clock.measure {
        try hypergradient.takeTeacherStep(
          chainCase.teacher, training: chainCase.samples.training, weights: chainCase.weights, over: ranks)
      }
      let studentTime = try clock.measure {
        guard let student = chainCase.student else { return }
        try hypergradient.takeStudentStep(
          student, teacher: chainCase.teacher.after, samples: chainCase.samples, over: ranks)
      }
      let tangentTime = clock.measure { forwardMode.run() }
      // The first turns touch the memory for the first time.
      guard turn >= 3 else { continue }
      whole.append(time / .milliseconds(1))
      step.append(stepTime / .milliseconds(1))
      steps.append((stepTime + studentTime) / .milliseconds(1))
      tangents.append(tangentTime / .milliseconds(1))
      work.append(hypergradient.seconds)
    }
    let passes = try gathered(hypergradient.passes, seconds: median(work), over: ranks)
    func groups(_ directions: Int) -> Int {
      Grid(directions: directions, rank: ranks.rank, ranks: ranks.ranks, grid).groups
    }
    let directions = hypergradient.directions
    return Result(
      levels: levels, strategy: strategy, precision: Scalar.precision, milliseconds: median(whole),
      steps: median(steps), step: median(step), forwardMode: median(tangents), passes: alone.passes,
      rankPasses: passes.map(\.0),
      rankSeconds: passes.map(\.1),
      groups: (
        middle: directions.labels.map(groups), leaf: groups(directions.examples)
      ))
  }

  /// The counts and seconds of every rank, on every rank.
  private func gathered(
    _ passes: PassCount, seconds: Double, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> [(PassCount, Double)] {
    let table = Matrix<Double>(rows: ranks.ranks, columns: 4)
    table[ranks.rank].copy(
      from: [Double(passes.forward), Double(passes.backward), Double(passes.forwardMode), seconds])
    try ranks.sum(table.elements)
    return table.array.map { row in
      (PassCount(forward: Int(row[0]), backward: Int(row[1]), forwardMode: Int(row[2])), row[3])
    }
  }

  private func randomCase<Scalar: Real>(levels: Int) throws -> ChainCase<Scalar> {
    let network = try Network<Scalar>(Self.layers, inputs: Self.features)
    func parameters(_ seed: UInt64) -> Vector<Scalar> { network.initialParameters(.uniform, seed: seed).all }
    func inputs(_ kind: Int) -> Matrix<Scalar> {
      let noise = RandomStream(seed: 1, .benchmark, kind)
      let matrix = Matrix<Scalar>(rows: batch, columns: Self.features)
      for k in 0..<matrix.elements.count { matrix.elements[k] = Scalar(noise.uniform(k)) }
      return matrix
    }
    func samples(_ kind: Int) -> Samples<Scalar> {
      let targets = Matrix<Scalar>(rows: batch, columns: network.outputs)
      for row in 0..<batch { targets[row][(row * 7 + kind) % network.outputs] = 1 }
      return Samples(inputs: inputs(kind), targets: targets)
    }
    let weights = Arena<Scalar>(count: batch)
    weights.all.fill(1)
    return ChainCase(
      teacher: (parameters(1), Self.rate), student: levels == 3 ? (parameters(2), Self.rate) : nil,
      weights: weights.all,
      samples: ChainSamples(
        training: samples(0), unlabelled: levels == 3 ? inputs(1) : nil, validation: samples(2)))
  }
}

/// A forward-mode pass of the teacher on its training examples, along the direction of its own parameters.
private struct ForwardModePass<Scalar: Real> {
  private let tangents: Tangents<Scalar>
  private let inputs: Matrix<Scalar>
  private let parameters: Vector<Scalar>

  init(_ chainCase: ChainCase<Scalar>) throws {
    inputs = chainCase.samples.training.inputs
    parameters = chainCase.teacher.before
    let network = try Network<Scalar>(HypergradientBenchmark.layers, inputs: inputs.columns)
    network.reserve(samples: inputs.rows)
    _ = network.forward(inputs, parameters: parameters)
    tangents = Tangents(network, samples: inputs.rows)
  }

  func run() { _ = tangents.outputs(along: parameters, inputs: inputs, parameters: parameters) }
}
