private import Datasets
public import Kernels
public import Networks
internal import Optimizers

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
  public let network: Network<Scalar>
  /// w, in the order of the network's layout.
  public let parameters: Arena<Scalar>
  /// α or λ of the last update; where the lengths of the steps are found, their upper limit.
  public internal(set) var learningRate: Double

  let problem: LearningProblem
  let loss: Loss
  let regularization: Regularization
  let bound: Bound
  let partition: LossPartition
  let seed: UInt64
  /// The lanes of a reproducible training.
  let lanes: Int?

  /// Where Ẇ comes from, with what each way needs.
  enum Gradient {
    case backpropagation
    case finiteDifference(step: Double)
    case layerTargets(LayerTargets<Scalar>)
  }

  let gradient: Gradient
  let configuredRate: Double
  let rule: any Optimizer
  let state: OptimizerState<Scalar>
  /// Ẅ is computed every so many steps; never where the optimizer does not want it.
  let curvatureEvery: Int?
  var trustRatio: TrustRatio?
  /// w before a step whose trust ratio is looked at, or every step.
  let before: Arena<Scalar>
  let keepsParametersBefore: Bool
  /// J before and after a step whose trust ratio is looked at, as sums over the samples.
  let losses = SampleSums<Double>(count: 2)
  /// The actual and the predicted decrease of J.
  let decreases = Arena<Double>(count: 2)

  /// Ẅ, then Ẇ, then the sum of the losses: one arena, one reduction, of its end alone where Ẅ is not computed.
  let sums: SampleSums<Scalar>
  /// The last two of them, where only those are formed.
  let firstOrder: SampleSums<Scalar>
  /// Where Ẅ travels as bfloat16.
  let exchange: BFloat16Exchange?
  let inputs: Matrix<Scalar>
  let targets: Matrix<Scalar>
  /// a_i of every position of the training set, and of the rows of the minibatch; nil where all are 1.
  let weights: Vector<Scalar>?
  let rowWeights: Vector<Scalar>?
  /// What the ranks of this machine share; nil where every rank has everything.
  let memory: NodeMemory<Scalar>?

  /// What is left to move where weights move with their sums, see ``movesWithSums``; nil where no step can do so.
  let rest: ParameterPart?

  /// The minibatch of the last statistics: its global size, this rank's share, its epoch.
  var minibatch = (samples: 0, rows: 0, epoch: 0)
  /// The addresses of its dropout masks, for a step whose trust ratio is looked at.
  var positions: [Int32] = []
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
    precondition(
      memory == nil
        || (configuration.needsAllSums == nil && weights == nil && !keepsParametersBefore && !takesRows),
      "a step that needs all sums on every rank cannot share memory")
    precondition(memory == nil || memory?.network === network, "memory that ranks share has a network of its own")
    self.memory = memory
    precondition(
      weights == nil || configuration.training.gradient == .backpropagation, "only backpropagation takes weights")
    precondition(
      weights?.count ?? problem.split.training.count == problem.split.training.count,
      "every training sample needs its weight")
    self.weights = weights
    self.keepsParametersBefore = keepsParametersBefore
    rowWeights = weights == nil && !takesRows ? nil : Arena(count: capacity).all
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
    before = Arena(count: trustRatio == nil && !keepsParametersBefore ? 0 : parameters.count)
    network.reserve(samples: capacity)
    gradient =
      switch configuration.training.gradient {
      case .backpropagation: .backpropagation
      case .finiteDifference: .finiteDifference(step: configuration.training.gradientStep)
      case .layerTargets: .layerTargets(LayerTargets(network, samples: capacity))
      }
    positions.reserveCapacity(capacity)
    sums = SampleSums(count: 2 * network.layout.count + 1)
    firstOrder = SampleSums(sums.values[network.layout.count..<sums.values.count])
    lanes = configuration.training.lanesOfSums
    exchange =
      configuration.reduction.curvaturePrecision == .bfloat16 && curvatureEvery != nil
      ? BFloat16Exchange(elements: network.layout.count) : nil
    inputs = memory?.inputs ?? Matrix(rows: capacity, columns: network.inputs)
    // Reconstruction: the target is the input.
    targets =
      problem.target == .input && !takesRows ? inputs : Matrix(rows: capacity, columns: network.outputs)
    // Not where anything but the step asks for the sums.
    let canMoveWithSums =
      rule.isWeightStep && optimizer.curvatureEvery == 1 && bound == .paper
      && configuration.training.gradient == .backpropagation && configuration.needsAllSums == nil
      && !keepsParametersBefore && !keepsSums && lanes == nil
    rest = canMoveWithSums ? (memory?.part ?? .all(network.layout)).withoutSeparableWeights(network) : nil
  }

  /// Copies what this rank moves of the parameters: on a machine whose ranks share them, a part.
  func keepParameters(in copy: Arena<Scalar>) {
    guard let memory else { return copy.all.copy(from: parameters.all) }
    for range in memory.part.ranges { copy.all[range].copy(from: parameters.all[range]) }
  }

  /// Puts back what every rank kept. Collective on a machine whose ranks share the parameters.
  func restoreParameters(from copy: Arena<Scalar>) throws {
    guard let memory else { return parameters.all.copy(from: copy.all) }
    try memory.synchronize()
    for range in memory.part.ranges { parameters.all[range].copy(from: copy.all[range]) }
    try memory.synchronize()
  }

  /// w before the last update, where the statistics of the minibatch were computed.
  public var parametersBefore: Vector<Scalar> {
    precondition(keepsParametersBefore, "w before a step is kept only where that was asked for")
    return before.all
  }
}
