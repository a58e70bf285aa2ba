private import Datasets
public import Kernels
public import Networks
private import Optimizers

/// One distributed step of residual partitioning on a global minibatch, and the memory it works in.
///
/// Each rank computes the sums of its shard; one reduction adds Ẇ, Ẅ and the loss over the ranks; every rank applies the
/// identical update. After construction a step allocates nothing of its own.
public final class TrainingStep<Scalar: Real> {
  public let network: Network<Scalar>
  /// w, in the order of the network's layout.
  public let parameters: Arena<Scalar>

  private let problem: LearningProblem
  private let loss: Loss
  private let rule: UpdateRule
  private let state: OptimizerState<Scalar>
  private let rate: Double
  private let regularization: Regularization
  private let bound: Bound
  private let partition: LossPartition

  /// Ẇ, then Ẅ, then the sum of the losses: one arena, one reduction.
  private let sums: Arena<Scalar>
  private let inputs: Matrix<Scalar>
  private let targets: Matrix<Scalar>

  /// - Parameters:
  ///   - capacity: the most samples that a rank gets of one minibatch.
  public init(
    _ configuration: Configuration, problem: LearningProblem, network: Network<Scalar>, parameters: Arena<Scalar>,
    capacity: Int
  ) {
    self.network = network
    self.parameters = parameters
    self.problem = problem
    loss = configuration.loss
    rule = .residualPartitioning(ResidualPartitioning(damping: configuration.optimizer.damping))
    state = OptimizerState(for: rule, count: network.layout.count)
    rate = configuration.optimizer.learningRate
    regularization = configuration.regularization.regularization
    bound = configuration.optimizer.bound
    partition = configuration.optimizer.lossPartition
    network.reserve(samples: capacity)
    sums = Arena(count: 2 * network.layout.count + 1)
    inputs = Matrix(rows: capacity, columns: network.inputs)
    // Reconstruction: the target is the input.
    targets = problem.target == .input ? inputs : Matrix(rows: capacity, columns: network.outputs)
  }

  private var wDot: Vector<Scalar> { sums.all[0..<network.layout.count] }
  private var wDDot: Vector<Scalar> { sums.all[network.layout.count..<2 * network.layout.count] }

  /// Computes Ẇ, Ẅ and the loss of a global minibatch; parameters stay.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of the minibatch, possibly empty.
  ///   - samples: the size of the global minibatch.
  /// - Returns: the mean loss of the global minibatch at the current parameters, without R; the same on every rank.
  public func computeStatistics(
    _ positions: Span<Int32>, samples: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    if positions.isEmpty {
      sums.all.fill(0)
    } else {
      let (x, t) = (inputs.prefix(positions.count), targets.prefix(positions.count))
      problem.fill(problem.split.training, positions, inputs: x, targets: t)
      _ = network.forward(x, parameters: parameters.all)
      let total = network.addStatistics(
        inputs: x, targets: t, parameters: parameters.all, loss: loss, partition: partition, bound: bound,
        into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
      sums.all[2 * network.layout.count] = Scalar(total)
    }
    try ranks.sum(sums.all)
    return Double(sums.all[2 * network.layout.count]) / Double(samples)
  }

  /// (M11) Applies the step of the last statistics.
  public func update(samples: Int) {
    rule.update(
      parameters.all, sums: StatisticsSlice(wDot: wDot, wDDot: wDDot), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout)
  }
}
