public import Configurations
private import Datasets
public import Kernels
public import Networks
public import Optimizers
public import Ranks

/// One distributed step on a global minibatch, and its working memory.
///
/// Each rank computes the sums of its shard; one reduction adds Ẇ, the loss and, where it is wanted, Ẅ over the ranks;
/// every rank applies the identical update. Where the ranks of a machine share memory (``NodeMemory``), each rank forms
/// and updates a part instead. After construction a step itself allocates nothing.
///
/// With weights a_i of the training samples, J = (1/S) Σ a_i f_i + R: S stays the number of samples, whatever the sum
/// of the weights. A sample's share of Ẇ counts a_i times. Its share of Ẅ counts a_i times where a_i ≥ 0, since
/// everything from h = ∂²f/∂y² to Ẅ is linear in (Ẏ, Z) for a positive factor. Where a_i < 0 its h counts |a_i| times,
/// so that Ẅ stays a bound, and its share of Ẅ counts |a_i| times too unless (M8) meets σ'' ≠ 0.
public final class TrainingStep<Scalar: Real> {
  /// α or λ of the last update; where the optimizer finds the lengths of the steps, their upper limit.
  public internal(set) var learningRate: Double

  let problem: LearningProblem
  let settings: StepSettings
  /// How the ranks combine their shares, with the network, the parameters and the sums.
  let reduction: any StepReduction<Scalar>

  /// The method that computes Ẇ, with its data.
  enum Gradient {
    case backpropagation
    case finiteDifference(step: Double)
    case layerTargets(LayerTargets<Scalar>)
  }

  let gradient: Gradient
  let state: OptimizerState<Scalar>
  /// (M29) The sums that g and A are made of; nil where every parameter has a curvature of its own.
  let unitSums: UnitSums<Scalar>?
  var trustRatio: TrustRatio?
  /// The minibatch of a step that is tested; nil where none is.
  var tested: TestedMinibatch?
  /// w before a step whose trust ratio is tested, or before every step; nil where neither is needed.
  let before: Arena<Scalar>?
  /// w after a step whose lengths are tested; nil where they are not.
  let after: Arena<Scalar>?
  let keepsParametersBefore: Bool
  /// The parameters that remain to update where the product kernel updates the weights, see ``movesWithSums``; nil
  /// where no step can do so.
  let rest: ParameterPart?

  /// The last minibatch.
  var minibatch: Minibatch<Scalar>
  var hasCurvature = false
  /// Whether the product kernel that forms Ẇ and Ẅ of the last statistics also updates the weights, so that these sums
  /// are never in memory: the result is the same step, bit by bit.
  public internal(set) var movesWithSums = false
  /// Whether the next statistics are formed in memory even where the product kernel could update the weights.
  var keepsSumsInMemory = false
  /// λ of the last update, without the step length that the optimizer found, and whether the trust ratio undid the
  /// update.
  var appliedRate = 0.0
  var wasUndone = false
  var steps = 0

  /// - Parameters:
  ///   - capacity: the most samples that a rank gets of one minibatch.
  ///   - weights: a_i of every position of the training set, read in each step; 1 where nil. Only backpropagation uses
  ///     them.
  ///   - keepsParametersBefore: whether ``parametersBefore`` will be read.
  ///   - takesRows: whether the caller will provide samples row by row, with their own targets and weights.
  ///   - keepsSums: whether Ẇ and Ẅ are formed in memory even where the product kernel could update the weights.
  ///   - memory: made for the same network, with its parameters; nil where all sums are needed on every rank.
  ///   - run: how long the whole training is.
  public init(
    _ configuration: Configuration, problem: LearningProblem, network: Network<Scalar>, parameters: Arena<Scalar>,
    capacity: Int, weights: Vector<Scalar>? = nil, keepsParametersBefore: Bool = false, takesRows: Bool = false,
    keepsSums: Bool = false, memory: NodeMemory<Scalar>? = nil, run: RunLength = .long
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
      settings.curvature == nil || training.gradient == .backpropagation, "only backpropagation gives Ẅ")
    (self.settings, self.problem, self.keepsParametersBefore) = (settings, problem, keepsParametersBefore)
    learningRate = 0
    if let memory {
      reduction = NodeReduction(memory)
    } else {
      reduction = ReplicatedReduction(
        network, parameters, capacity: capacity, byLanes: settings.lanes != nil,
        roundsCurvature: configuration.reduction.curvaturePrecision == .bfloat16 && settings.curvature != nil)
    }
    state = OptimizerState(
      for: settings.rule, network.layout, keepsCurvature: settings.curvature.map { $0.every > 1 } ?? false,
      unitLayers: network.unitLayers, run: run)
    if settings.curvature != nil { network.reserveExponents() }
    unitSums = state.units == nil ? nil : UnitSums(network, capacity: capacity)
    trustRatio = configuration.optimizer.trust
    let isTested = trustRatio != nil || state.lengths != nil
    tested = isTested ? TestedMinibatch(capacity: capacity, decisive: 3) : nil
    after = state.lengths == nil ? nil : Arena(count: parameters.count)
    before = isTested || keepsParametersBefore ? Arena(count: parameters.count) : nil
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
    // Not where something other than the step needs the sums.
    let canMoveWithSums =
      settings.rule.isWeightStep && configuration.optimizer.curvatureEvery == 1 && settings.bound == .paper
      && training.gradient == .backpropagation && configuration.needsAllSums == nil && !keepsParametersBefore
      && !keepsSums && settings.lanes == nil
    rest = canMoveWithSums ? reduction.part.withoutSeparableWeights(network) : nil
  }

  public var network: Network<Scalar> { reduction.network }
  /// w, in the order of the network's layout.
  public var parameters: Arena<Scalar> { reduction.parameters }

  /// Copies this rank's part of the parameters: all of them, or a part on a machine whose ranks share them.
  func keepParameters(in copy: Arena<Scalar>) {
    for range in reduction.part.ranges { copy.all[range].copy(from: parameters.all[range]) }
  }

  /// Restores the parts that every rank kept. Collective on a machine whose ranks share the parameters.
  package func restoreParameters(from copy: Arena<Scalar>) throws {
    try reduction.write {
      for range in reduction.part.ranges { parameters.all[range].copy(from: copy.all[range]) }
    }
  }

  /// w before the last update, at which the statistics of the minibatch were computed.
  public var parametersBefore: Vector<Scalar> {
    guard keepsParametersBefore, let before else {
      preconditionFailure("w before a step is kept only where that was asked for")
    }
    return before.all
  }
}

/// The settings of a step.
struct StepSettings {
  let loss: Loss
  let regularization: Regularization
  let bound: Bound
  let lossPartition: LossPartition
  let seed: UInt64
  /// The number of reproducibility lanes; nil where the training is not reproducible.
  let lanes: Int?
  let rule: any Optimizer
  /// The learning rate of a step while no trust ratio changes it.
  let rate: Double
  /// Which steps compute Ẅ, or g and A; nil where the optimizer does not need them.
  let curvature: CurvatureUse?

  init(_ configuration: Configuration) {
    let optimizer = configuration.optimizer
    loss = configuration.loss
    regularization = configuration.regularization.regularization
    (bound, lossPartition) = (optimizer.bound, optimizer.lossPartition)
    seed = UInt64(configuration.training.seed)
    lanes = configuration.training.lanesOfSums
    (rule, rate) = (optimizer.rule, optimizer.learningRate ?? 1)
    curvature = rule.curvatureUse
  }
}

/// This rank's rows of a minibatch, without the inputs, and their memory.
struct Minibatch<Scalar: Real> {
  /// Targets for as many rows as a rank can get; nil where a sample's target is its input.
  let targets: Matrix<Scalar>?
  /// a_i of every position of the training set, and a_i of the rows; nil where all are 1.
  let weights: Vector<Scalar>?
  let rowWeights: Vector<Scalar>?

  /// The size of the global minibatch, the number of this rank's rows, and the epoch.
  var samples = 0
  var rows = 0
  var epoch = 0
}

extension TrainingStep: Resumable {
  /// Parameters and averages, the trust ratio's λ, and the number of steps, which decides when Ẅ and the trust ratio
  /// are due. The statistics and everything else that a step writes belong to that step; dropout masks are addressed by
  /// (seed, epoch, sample).
  ///
  /// Collective on a machine whose ranks share the parameters: each rank has the averages of its part, the checkpoint
  /// has all.
  public func exchange(with state: any StateExchange) throws {
    try exchangeParameters(with: state)
    try state.number("steps", &steps)
    try state.number("learningRate", &learningRate)
    try state.part("trustRatio") { try trustRatio?.exchange(with: $0) }
    try reduction.whole(state).part("optimizer", self.state.exchange)
    // Every rank has all of it.
    try state.part("units") { try self.state.units?.exchange(with: $0) }
    try state.part("exponents", network.exchangeExponents)
  }

  private func exchangeParameters(with state: any StateExchange) throws {
    let blocks = network.layout.blocks.map { StateBlock(name: $0.name, shape: $0.shape, range: $0.range) }
    guard state.isTaking else { return try state.parameters(blocks, parameters.all) }
    // All ranks have received the parameters before a rank writes to the shared copy.
    let heard = Arena<Scalar>(count: parameters.count)
    try state.parameters(blocks, heard.all)
    try restoreParameters(from: heard)
  }
}
