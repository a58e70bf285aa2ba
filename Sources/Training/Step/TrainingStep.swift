public import Configurations
private import Datasets
public import Kernels
public import Networks
internal import Optimizers
public import Ranks

/// One distributed step on a global minibatch, and the memory it works in.
///
/// Each rank computes the sums of its shard; one reduction adds Ẇ, the loss and, where it is wanted, Ẅ over the ranks;
/// every rank applies the identical update. Where the ranks of a machine share memory (``NodeMemory``), each forms and moves
/// a part instead. After construction a step allocates nothing of its own.
///
/// With weights a_i of the training samples, J = (1/S) Σ a_i f_i + R: S stays the number of samples, whatever the weights
/// add up to. A sample's share of Ẇ counts a_i times. Its share of Ẅ counts a_i times where a_i ≥ 0, since everything from
/// h = ∂²f/∂y² to Ẅ is linear in (Ẏ, Z) for a positive factor; where a_i < 0 its h counts |a_i| times, so that Ẅ stays a
/// bound, and its share of Ẅ with it unless (M8) meets σ'' ≠ 0.
public final class TrainingStep<Scalar: Real> {
  /// α or λ of the last update; where the lengths of the steps are found, their upper limit.
  public internal(set) var learningRate: Double

  let problem: LearningProblem
  let settings: StepSettings
  /// How the ranks bring their shares together, with the network, the parameters and the sums.
  let reduction: any StepReduction<Scalar>

  /// Where Ẇ comes from, with what each way needs.
  enum Gradient {
    case backpropagation
    case finiteDifference(step: Double)
    case layerTargets(LayerTargets<Scalar>)
  }

  let gradient: Gradient
  let state: OptimizerState<Scalar>
  var trustRatio: TrustRatioTest?
  /// w before a step whose trust ratio is tested, or every step; nil where neither is wanted.
  let before: Arena<Scalar>?
  let keepsParametersBefore: Bool
  /// What is left to move where weights move with their sums, see ``movesWithSums``; nil where no step can do so.
  let rest: ParameterPart?

  /// The last minibatch.
  var minibatch: Minibatch<Scalar>
  var hasCurvature = false
  /// Whether the weights of the last statistics move where their sums Ẇ and Ẅ are formed, which then are never in memory:
  /// the same step, bit by bit.
  public internal(set) var movesWithSums = false
  /// Whether the next statistics are formed in memory even where the weights could move with them.
  var keepsSumsInMemory = false
  /// λ of the last update, without the length that was found, and whether the trust ratio undid it.
  var appliedRate = 0.0
  var wasUndone = false
  var steps = 0

  /// - Parameters:
  ///   - capacity: the most samples that a rank gets of one minibatch.
  ///   - weights: a_i of every position of the training set, read in each step; 1 where nil. Only backpropagation takes
  ///     them.
  ///   - keepsParametersBefore: whether ``parametersBefore`` will be asked for.
  ///   - takesRows: whether samples will be given row by row, with targets and weights of their own.
  ///   - keepsSums: whether Ẇ and Ẅ are formed in memory even where the weights could move with them.
  ///   - memory: made for the same network, with its parameters; not where all sums are needed on every rank.
  public init(
    _ configuration: Configuration, problem: LearningProblem, network: Network<Scalar>, parameters: Arena<Scalar>,
    capacity: Int, weights: Vector<Scalar>? = nil, keepsParametersBefore: Bool = false, takesRows: Bool = false,
    keepsSums: Bool = false, memory: NodeMemory<Scalar>? = nil
  ) {
    let settings = StepSettings(configuration)
    let training = configuration.training
    precondition(
      memory == nil
        || (configuration.needsAllSums == nil && weights == nil && !keepsParametersBefore && !takesRows),
      "a step that needs all sums on every rank cannot share memory")
    precondition(memory == nil || memory?.network === network, "memory that ranks share has a network of its own")
    precondition(weights == nil || training.gradient == .backpropagation, "only backpropagation takes weights")
    precondition(
      weights?.count ?? problem.split.training.count == problem.split.training.count,
      "every training sample needs its weight")
    precondition(
      settings.curvatureEvery == nil || training.gradient == .backpropagation, "only backpropagation gives Ẅ")
    (self.settings, self.problem, self.keepsParametersBefore) = (settings, problem, keepsParametersBefore)
    learningRate = 0
    if let memory {
      reduction = NodeReduction(memory)
    } else {
      reduction = ReplicatedReduction(
        network, parameters, capacity: capacity, byLanes: settings.lanes != nil,
        roundsCurvature: configuration.reduction.curvaturePrecision == .bfloat16 && settings.curvatureEvery != nil)
    }
    state = OptimizerState(
      for: settings.rule, network.layout, keepsCurvature: settings.curvatureEvery.map { $0 > 1 } ?? false)
    trustRatio = configuration.optimizer.trust.map { TrustRatioTest($0, capacity: capacity) }
    before = trustRatio == nil && !keepsParametersBefore ? nil : Arena(count: parameters.count)
    gradient =
      switch training.gradient {
      case .backpropagation: .backpropagation
      case .finiteDifference: .finiteDifference(step: training.gradientStep)
      case .layerTargets: .layerTargets(LayerTargets(network, samples: capacity))
      }
    minibatch = Minibatch(
      // Reconstruction: the target is the input.
      targets: problem.target == .input && !takesRows ? nil : Matrix(rows: capacity, columns: network.outputs),
      weights: weights, rowWeights: weights == nil && !takesRows ? nil : Arena(count: capacity).all)
    // Not where anything but the step asks for the sums.
    let canMoveWithSums =
      settings.rule.isWeightStep && configuration.optimizer.curvatureEvery == 1 && settings.bound == .paper
      && training.gradient == .backpropagation && configuration.needsAllSums == nil && !keepsParametersBefore
      && !keepsSums && settings.lanes == nil
    rest = canMoveWithSums ? reduction.part.withoutSeparableWeights(network) : nil
  }

  public var network: Network<Scalar> { reduction.network }
  /// w, in the order of the network's layout.
  public var parameters: Arena<Scalar> { reduction.parameters }

  /// Copies what this rank moves of the parameters: on a machine whose ranks share them, a part.
  func keepParameters(in copy: Arena<Scalar>) {
    for range in reduction.part.ranges { copy.all[range].copy(from: parameters.all[range]) }
  }

  /// Puts back what every rank kept. Collective on a machine whose ranks share the parameters.
  package func restoreParameters(from copy: Arena<Scalar>) throws {
    try reduction.write {
      for range in reduction.part.ranges { parameters.all[range].copy(from: copy.all[range]) }
    }
  }

  /// w before the last update, where the statistics of the minibatch were computed.
  public var parametersBefore: Vector<Scalar> {
    guard keepsParametersBefore, let before else {
      preconditionFailure("w before a step is kept only where that was asked for")
    }
    return before.all
  }
}

/// What a configuration says of a step.
struct StepSettings {
  let loss: Loss
  let regularization: Regularization
  let bound: Bound
  let partition: LossPartition
  let seed: UInt64
  /// The lanes of a reproducible training.
  let lanes: Int?
  let rule: any Optimizer
  /// The rate of a step where no trust ratio changes it.
  let rate: Double
  /// Ẅ is computed every so many steps; never where the optimizer does not want it.
  let curvatureEvery: Int?

  init(_ configuration: Configuration) {
    let optimizer = configuration.optimizer
    loss = configuration.loss
    regularization = configuration.regularization.regularization
    (bound, partition) = (optimizer.bound, optimizer.lossPartition)
    seed = UInt64(configuration.training.seed)
    lanes = configuration.training.lanesOfSums
    (rule, rate) = (optimizer.rule, optimizer.learningRate ?? 1)
    curvatureEvery = rule.needsCurvature ? optimizer.curvatureEvery : nil
  }
}

/// This rank's rows of a minibatch, but for the inputs, and the memory for them.
struct Minibatch<Scalar: Real> {
  /// For as many rows as a rank can get; nil where a sample's target is its input.
  let targets: Matrix<Scalar>?
  /// a_i of every position of the training set, and of the rows; nil where all are 1.
  let weights: Vector<Scalar>?
  let rowWeights: Vector<Scalar>?

  /// The size of the global minibatch, this rank's share, and the epoch.
  var samples = 0
  var rows = 0
  var epoch = 0
}

extension TrainingStep: Resumable {
  /// Parameters and averages, the trust ratio's λ, and the number of steps, which Ẅ and the trust ratio are due by. The
  /// statistics and what else a step writes belong to that step; dropout masks are addressed by (seed, epoch, sample).
  ///
  /// Collective on a machine whose ranks share the parameters: each has the averages of its part, the checkpoint all.
  public func exchange(with state: any StateExchange) throws {
    try exchangeParameters(with: state)
    try state.number("steps", &steps)
    try state.number("learningRate", &learningRate)
    try state.part("trustRatio") { try trustRatio?.ratio.exchange(with: $0) }
    try reduction.whole(state).part("optimizer", self.state.exchange)
  }

  private func exchangeParameters(with state: any StateExchange) throws {
    let blocks = network.layout.blocks.map { StateBlock(name: $0.name, shape: $0.shape, range: $0.range) }
    guard state.isTaking else { return try state.parameters(blocks, parameters.all) }
    // All ranks have heard them before one writes to the one copy.
    let heard = Arena<Scalar>(count: parameters.count)
    try state.parameters(blocks, heard.all)
    try restoreParameters(from: heard)
  }
}
