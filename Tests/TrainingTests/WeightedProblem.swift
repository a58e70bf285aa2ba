import Configurations
import Datasets
import Kernels
import Networks
import Optimizers
import TestSupport
import Training

/// Steps on the built-in digits with weights for their samples, in Double, and the statistics of each sample alone.
struct WeightedProblem {
  let configuration: Configuration
  let problem: LearningProblem

  init(_ settings: [String], layers: String = "{dense: 6}, tanh, {dense: 10}") throws {
    configuration = try ConfigurationSource(
      preset: .standard, settings: ["network=[\(layers)]", "training.seed=3"] + settings
    ).configuration()
    problem = try LearningProblem(configuration)
  }

  /// A weight for every training position.
  func weights(seed: UInt64 = 5, _ value: (inout SmallRandom) -> Double) -> Vector<Double> {
    var random = SmallRandom(seed: seed)
    let weights = Arena<Double>(count: problem.split.training.count).all
    for position in 0..<weights.count { weights[position] = value(&random) }
    return weights
  }

  func network() throws -> Network<Double> { try Network(configuration.network, inputs: problem.features) }

  func step(
    weights: Vector<Double>? = nil, capacity: Int = 20, keepsParametersBefore: Bool = false
  ) throws -> TrainingStep<Double> {
    let network = try network()
    return TrainingStep(
      configuration, problem: problem, network: network, parameters: network.initialParameters(.uniform, seed: 2),
      capacity: capacity, weights: weights, keepsParametersBefore: keepsParametersBefore)
  }

  /// Inputs from −1 to 1 and one-hot targets.
  func rows(_ positions: [Int32]) -> (inputs: Matrix<Double>, targets: Matrix<Double>) {
    let subset = problem.split.training
    return (
      Matrix(rowsOf: positions.map { subset.dataset.values(of: subset.id(at: Int($0))).map { $0 / 8 - 1 } }),
      Matrix(
        rowsOf: positions.map { position in
          (0..<10).map { $0 == subset.label(at: Int(position)) ? 1 : 0 }
        })
    )
  }

  /// Ẇ and Ẅ of each sample, without a weight.
  func sampleStatistics(
    _ positions: [Int32], at parameters: [Double]
  ) throws -> (wDot: [[Double]], wDDot: [[Double]]) {
    let network = try network()
    network.reserve(samples: 1)
    let count = network.layout.count
    let (w, sums) = (Arena<Double>(count: count).all, Arena<Double>(count: 2 * count).all)
    w.copy(from: parameters)
    var result: (wDot: [[Double]], wDDot: [[Double]]) = ([], [])
    for position in positions {
      let (inputs, targets) = rows([position])
      _ = network.forward(inputs, parameters: w)
      _ = network.addStatistics(
        inputs: inputs, targets: targets, parameters: w, loss: configuration.loss,
        partition: configuration.optimizer.lossPartition, bound: configuration.optimizer.bound,
        into: StatisticsSlice(wDot: sums[0..<count], wDDot: sums[count..<2 * count]))
      result.wDot.append(sums[0..<count].array)
      result.wDDot.append(sums[count..<2 * count].array)
    }
    return result
  }

  /// The positions of minibatch `turn`, of the first 1,000 samples over and over.
  static func positions(_ turn: Int = 0, count: Int = 20) -> [Int32] {
    (0..<count).map { Int32((count * turn + $0) % 1000) }
  }
}

extension TrainingStep<Double> {
  /// One step on one rank.
  ///
  /// - Returns: the mean loss before it.
  @discardableResult
  func take(_ positions: [Int32], samples: Int? = nil) throws -> Double {
    let loss = try computeStatistics(
      positions.span, samples: samples ?? positions.count, epoch: 1, over: SingleRank())
    try update(factor: 1, over: SingleRank())
    return loss
  }
}

/// Σ_i a_i x_i of some rows.
func weightedSum(_ weights: [Double], _ rows: [[Double]]) -> [Double] {
  zip(weights, rows).reduce(rows[0].map { _ in 0 }) { sum, row in zip(sum, row.1).map { $0 + row.0 * $1 } }
}
