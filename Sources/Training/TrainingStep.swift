private import Datasets
public import Kernels
public import Networks
internal import Optimizers

/// One distributed step on a global minibatch, and the memory it works in.
///
/// Each rank computes the sums of its shard; one reduction adds Ẇ, the loss and, where it is wanted, Ẅ over the ranks;
/// every rank applies the identical update. After construction a step allocates nothing of its own.
public final class TrainingStep<Scalar: Real> {
  public let network: Network<Scalar>
  /// w, in the order of the network's layout.
  public let parameters: Arena<Scalar>
  /// α or λ of the last update; where the lengths of the steps are found, their upper limit.
  public private(set) var learningRate: Double

  private let problem: LearningProblem
  private let loss: Loss
  private let regularization: Regularization
  private let bound: Bound
  private let partition: LossPartition
  private let seed: UInt64

  /// Where Ẇ comes from, with what each way needs.
  private enum Gradient {
    case backpropagation
    case finiteDifference(step: Double)
    case layerTargets(LayerTargets<Scalar>)
  }

  private let gradient: Gradient
  private let configuredRate: Double
  private let rule: UpdateRule
  private let state: OptimizerState<Scalar>
  /// Ẅ is computed every so many steps; never where the optimizer does not want it.
  private let curvatureEvery: Int?
  private var trustRatio: TrustRatio?
  /// w before a step whose trust ratio is looked at.
  private let before: Arena<Scalar>
  /// J before and after such a step, as sums over the samples.
  private let losses = Arena<Double>(count: 2)
  /// The actual and the predicted decrease of J.
  private let decreases = Arena<Double>(count: 2)

  /// Ẅ, then Ẇ, then the sum of the losses: one arena, one reduction, of its end alone where Ẅ is not computed.
  private let sums: Arena<Scalar>
  private let inputs: Matrix<Scalar>
  private let targets: Matrix<Scalar>

  /// The minibatch of the last statistics: its global size, this rank's share, its epoch.
  private var minibatch = (samples: 0, rows: 0, epoch: 0)
  /// The addresses of its dropout masks, for a step whose trust ratio is looked at.
  private var positions: [Int32] = []
  private var hasCurvature = false
  private var steps = 0

  /// - Parameters:
  ///   - capacity: the most samples that a rank gets of one minibatch.
  public init(
    _ configuration: Configuration, problem: LearningProblem, network: Network<Scalar>, parameters: Arena<Scalar>,
    capacity: Int
  ) {
    let optimizer = configuration.optimizer
    self.network = network
    self.parameters = parameters
    self.problem = problem
    loss = configuration.loss
    regularization = configuration.regularization.regularization
    (bound, partition) = (optimizer.bound, optimizer.lossPartition)
    seed = UInt64(configuration.training.seed)
    configuredRate = optimizer.learningRate ?? 1
    learningRate = 0
    rule = optimizer.rule
    state = OptimizerState(
      for: rule, network.layout, keepsCurvature: rule.needsCurvature && optimizer.curvatureEvery > 1)
    curvatureEvery = rule.needsCurvature ? optimizer.curvatureEvery : nil
    precondition(
      curvatureEvery == nil || configuration.training.gradient == .backpropagation, "only backpropagation gives Ẅ")
    trustRatio = optimizer.trust
    before = Arena(count: trustRatio == nil ? 0 : parameters.count)
    network.reserve(samples: capacity)
    gradient =
      switch configuration.training.gradient {
      case .backpropagation: .backpropagation
      case .finiteDifference: .finiteDifference(step: configuration.training.gradientStep)
      case .layerTargets: .layerTargets(LayerTargets(network, samples: capacity))
      }
    positions.reserveCapacity(capacity)
    sums = Arena(count: 2 * network.layout.count + 1)
    inputs = Matrix(rows: capacity, columns: network.inputs)
    // Reconstruction: the target is the input.
    targets = problem.target == .input ? inputs : Matrix(rows: capacity, columns: network.outputs)
  }

  private var wDDot: Vector<Scalar> { sums.all[0..<network.layout.count] }
  private var wDot: Vector<Scalar> { sums.all[network.layout.count..<2 * network.layout.count] }
  /// Ẇ and the loss.
  private var firstOrder: Vector<Scalar> { sums.all[network.layout.count..<sums.count] }

  /// Computes Ẇ, the loss and, where it is due, Ẅ of a global minibatch; parameters stay, but for running averages.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of the minibatch, possibly empty.
  ///   - samples: the size of the global minibatch.
  ///   - epoch: addresses the dropout masks, with the seed and the positions.
  /// - Returns: the mean loss of the global minibatch at the current parameters, without R; the same on every rank.
  public func computeStatistics(
    _ positions: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    minibatch = (samples, positions.count, epoch)
    if isJudged {
      self.positions.removeAll(keepingCapacity: true)
      for row in positions.indices { self.positions.append(positions[row]) }
    }
    hasCurvature = curvatureEvery.map { steps % $0 == 0 } ?? false
    let (x, t) = (inputs.prefix(positions.count), targets.prefix(positions.count))
    problem.fill(problem.split.training, positions, inputs: x, targets: t)
    let total =
      switch gradient {
      case .backpropagation: try backpropagate(x, t, positions, over: ranks)
      case .finiteDifference(let step):
        network.finiteDifferenceGradient(
          inputs: x, targets: t, parameters: parameters.all, loss: loss, step: step, into: wDot)
      case .layerTargets(let recursion):
        recursion.gradient(inputs: x, targets: t, parameters: parameters.all, into: wDot)
      }
    losses.all[0] = total
    sums.all[sums.count - 1] = Scalar(total)
    try ranks.sum(hasCurvature ? sums.all : firstOrder)
    return Double(sums.all[sums.count - 1]) / Double(samples)
  }

  private func backpropagate(
    _ x: Matrix<Scalar>, _ t: Matrix<Scalar>, _ positions: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    _ = try network.forward(
      x, parameters: parameters.all, pass: .training(seed: seed, epoch: minibatch.epoch), samples: minibatch.samples,
      ids: positions, over: ranks)
    return try network.addStatistics(
      inputs: x, targets: t, parameters: parameters.all, loss: loss, partition: partition, bound: bound,
      into: StatisticsSlice(wDot: wDot, wDDot: hasCurvature ? wDDot : nil), over: ranks)
  }

  /// Applies the step of the last statistics; where its trust ratio is due, judges it on the same minibatch and dropout
  /// masks. Collective.
  ///
  /// - Parameter factor: what the schedule makes of the learning rate.
  public func update(factor: Double, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let isJudged = isJudged
    let rate = (trustRatio?.rate ?? configuredRate) * factor
    steps += 1
    if isJudged { before.all.copy(from: parameters.all) }
    let statistics = StatisticsSlice(wDot: wDot, wDDot: hasCurvature ? wDDot : nil)
    rule.update(
      parameters.all, sums: statistics, samples: minibatch.samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout)
    learningRate = rate * (state.distance?.longestStep ?? 1)
    if isJudged { try judge(statistics, over: ranks) }
  }

  /// Whether the trust ratio of the present step is looked at.
  private var isJudged: Bool { trustRatio?.judges(step: steps) ?? false }

  /// (M15) for the step from ``before`` to the present parameters. Rank 0 judges for all: the others take its numbers, so
  /// that a last bit in which processors differ cannot part them.
  private func judge(
    _ statistics: StatisticsSlice<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    let (x, t, ids) = (inputs.prefix(minibatch.rows), targets.prefix(minibatch.rows), positions)
    var pass = Pass.training(seed: seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: ids.span, over: ranks)
    losses.all[1] = network.loss(loss, targets: t)
    try ranks.sum(losses.all)
    func objective(_ loss: Double, _ parameters: Arena<Scalar>) -> Double {
      loss / Double(minibatch.samples) + regularization.value(parameters.all, network.layout)
    }
    let actual = objective(losses.all[0], before) - objective(losses.all[1], parameters)
    let predicted = predictedDecrease(
      from: before.all, to: parameters.all, sums: statistics, samples: minibatch.samples,
      regularization: regularization, layout: network.layout)
    decreases.all[0] = ranks.rank == 0 ? actual : 0
    decreases.all[1] = ranks.rank == 0 ? predicted : 0
    try ranks.sum(decreases.all)
    // J before the step is finite, or the step would not have been taken.
    let isFinite = decreases.all[0].isFinite
    if trustRatio?.judge(actual: decreases.all[0], predicted: decreases.all[1], isFinite: isFinite) == .undo {
      parameters.all.copy(from: before.all)
    }
  }
}
