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
  public private(set) var learningRate: Double

  private let problem: LearningProblem
  private let loss: Loss
  private let regularization: Regularization
  private let bound: Bound
  private let partition: LossPartition
  private let seed: UInt64
  /// The lanes of a reproducible training.
  private let lanes: Int?

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
  /// w before a step whose trust ratio is looked at, or every step.
  private let before: Arena<Scalar>
  private let keepsParametersBefore: Bool
  /// J before and after a step whose trust ratio is looked at, as sums over the samples.
  private let losses = SampleSums<Double>(count: 2)
  /// The actual and the predicted decrease of J.
  private let decreases = Arena<Double>(count: 2)

  /// Ẅ, then Ẇ, then the sum of the losses: one arena, one reduction, of its end alone where Ẅ is not computed.
  private let sums: SampleSums<Scalar>
  /// The last two of them, where only those are formed.
  private let firstOrder: SampleSums<Scalar>
  /// Where Ẅ travels as bfloat16.
  private let exchange: BFloat16Exchange?
  private let inputs: Matrix<Scalar>
  private let targets: Matrix<Scalar>
  /// a_i of every position of the training set, and of the rows of the minibatch; nil where all are 1.
  private let weights: Vector<Scalar>?
  private let rowWeights: Vector<Scalar>?
  /// What the ranks of this machine share; nil where every rank has everything.
  private let memory: NodeMemory<Scalar>?

  /// What is left to move where weights move with their sums, see ``movesWithSums``; nil where no step can do so.
  private let rest: ParameterPart?

  /// The minibatch of the last statistics: its global size, this rank's share, its epoch.
  private var minibatch = (samples: 0, rows: 0, epoch: 0)
  /// The addresses of its dropout masks, for a step whose trust ratio is looked at.
  private var positions: [Int32] = []
  private var hasCurvature = false
  /// Whether the weights of the last statistics move where their sums Ẇ and Ẅ are formed, which then are never in memory:
  /// the same step, bit by bit.
  public private(set) var movesWithSums = false
  /// λ of the last update, without the length that was found, and whether the trust ratio undid it.
  private var appliedRate = 0.0
  private var wasUndone = false
  private var steps = 0

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
      rule.isWeightStep && optimizer.curvatureEvery == 1 && bound == .paper && configuration.needsAllSums == nil
      && !keepsParametersBefore && !keepsSums && lanes == nil
    rest = canMoveWithSums ? (memory?.part ?? .all(network.layout)).withoutSeparableWeights(network) : nil
  }

  private var wDDot: Vector<Scalar> { sums.values[0..<network.layout.count] }
  private var wDot: Vector<Scalar> { sums.values[network.layout.count..<2 * network.layout.count] }
  /// Of the last statistics.
  private var statistics: StatisticsSlice<Scalar> {
    StatisticsSlice(wDot: wDot, wDDot: hasCurvature ? wDDot : nil)
  }
  /// Where the last statistics lie in ``sums``.
  private var place: StatisticsPlace {
    let count = network.layout.count
    return StatisticsPlace(wDot: count..<2 * count, wDDot: hasCurvature ? 0..<count : nil, loss: 2 * count)
  }

  /// Computes Ẇ, the loss and, where it is due, Ẅ of a global minibatch; parameters stay, but for running averages.
  ///
  /// - Parameters:
  ///   - positions: this rank's shard of the minibatch, possibly empty.
  ///   - samples: the size of the global minibatch.
  ///   - epoch: addresses the dropout masks, with the seed and the positions.
  /// - Returns: the mean loss of the global minibatch at the current parameters, with its weights, without R; the same on
  ///   every rank.
  public func computeStatistics(
    _ positions: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    try computeStatistics(ids: positions, samples: samples, epoch: epoch, over: ranks) { x, t, rowWeights in
      if let weights, let rowWeights {
        for row in positions.indices { rowWeights[row] = weights[Int(positions[row])] }
      }
      problem.fill(problem.split.training, positions, inputs: x, targets: t)
    }
  }

  /// The same for samples that the caller gives.
  ///
  /// - Parameters:
  ///   - ids: what the dropout masks of this rank's rows are addressed by, one for each.
  ///   - fill: writes this rank's rows of inputs and targets and, where the step has them, their weights.
  func computeStatistics(
    ids: Span<Int32>, samples: Int, epoch: Int, over ranks: borrowing some GlobalSum & ~Copyable,
    fill: (_ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ weights: Vector<Scalar>?) -> Void
  ) throws -> Double {
    precondition(ranks.lanes?.lanes == lanes, "the sums of a reproducible training are those of its lanes")
    minibatch = (samples, ids.count, epoch)
    if isJudged {
      positions.removeAll(keepingCapacity: true)
      for row in ids.indices { positions.append(ids[row]) }
    }
    hasCurvature = curvatureEvery.map { steps % $0 == 0 } ?? false
    memory?.place(samples: samples)
    movesWithSums =
      rest != nil && memory?.hasAllSums ?? (ranks.ranks == 1)
      && (1...WeightStep<Scalar>.mostSamples).contains(memory?.rows ?? ids.count)
    let x = ownInputs(ids.count)
    let t = targets.isSameMemory(as: inputs) ? x : targets.prefix(ids.count)
    fill(x, t, rowWeights?[0..<ids.count])
    switch gradient {
    case .backpropagation:
      let total = try backpropagate(x, t, ids, over: ranks)
      if let memory {
        let loss = try memory.formSums(
          bound, leavingSeparable: movesWithSums, into: statistics, loss: Scalar(total), over: ranks)
        return Double(loss) / Double(samples)
      }
      losses.values[0] = total
      try addUp(over: ranks)
    case .finiteDifference(let step):
      try addUp(rows: ids.count, over: ranks) { rows, wDot in
        network.finiteDifferenceGradient(
          inputs: x[rows], targets: t[rows], parameters: parameters.all, loss: loss, step: step, into: wDot)
      }
    case .layerTargets(let recursion):
      try addUp(rows: ids.count, over: ranks) { rows, wDot in
        recursion.gradient(inputs: x[rows], targets: t[rows], parameters: parameters.all, into: wDot)
      }
    }
    return Double(sums.values[sums.values.count - 1]) / Double(samples)
  }

  /// Forms Ẇ and the loss of this rank's rows, and adds them up.
  ///
  /// - Parameter form: overwrites Ẇ by that of some rows; gives their loss.
  private func addUp(
    rows: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ form: (Range<Int>, Vector<Scalar>) -> Double
  ) throws {
    let count = network.layout.count
    try firstOrder.add(rows: rows, samples: minibatch.samples, over: ranks) { rows, sums in
      sums[count] = Scalar(form(rows, sums[0..<count]))
    }
  }

  /// This rank's rows of the minibatch.
  private func ownInputs(_ rows: Int) -> Matrix<Scalar> {
    guard let memory else { return inputs.prefix(rows) }
    precondition(rows == memory.ownRows.count, "ranks that share memory get their shards of the minibatch")
    return inputs[memory.ownRows]
  }

  /// The sums of all ranks: in one reduction, but where Ẅ travels with fewer bits.
  private func addUp(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard hasCurvature, let exchange, let curvature = wDDot as? Vector<Float> else {
      return try sums.addUp(hasCurvature ? nil : network.layout.count..<sums.values.count, over: ranks)
    }
    try ranks.sum(firstOrder.values)
    try ranks.sumNonNegative(curvature, through: exchange)
  }

  private func backpropagate(
    _ x: Matrix<Scalar>, _ t: Matrix<Scalar>, _ positions: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    var pass = Pass.training(seed: seed, epoch: minibatch.epoch)
    // One copy of the running averages has one writer.
    pass.updatesRunningAverages = memory?.movesOthers ?? true
    pass.preparation = hasCurvature ? .statistics : .gradient
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: positions, over: ranks)
    return try network.addStatistics(
      inputs: x, targets: t, parameters: parameters.all, loss: loss, partition: partition, bound: bound,
      weights: rowWeights?[0..<x.rows], into: sums, at: place, samples: minibatch.samples,
      leavingSeparable: movesWithSums, over: ranks)
  }

  /// Applies the step of the last statistics; where its trust ratio is due, judges it on the same minibatch and dropout
  /// masks. Collective.
  ///
  /// - Parameter factor: what the schedule makes of the learning rate.
  public func update(factor: Double, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let isJudged = isJudged
    appliedRate = (trustRatio?.rate ?? configuredRate) * factor
    wasUndone = false
    steps += 1
    if isJudged || keepsParametersBefore { before.all.copy(from: parameters.all) }
    if movesWithSums {
      let step: WeightStep<Scalar> = rule.weightStep(
        samples: minibatch.samples, rate: appliedRate, regularization: regularization)
      network.moveSeparableWeights(
        step, inputs: memory?.inputs ?? inputs.prefix(minibatch.rows), parameters: parameters.all, into: statistics)
    }
    let part = movesWithSums ? rest : nil
    if let memory {
      try memory.update(
        rule, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
        regularization: regularization, layout: network.layout, part: part ?? memory.part)
    } else {
      rule.update(
        parameters.all, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
        regularization: regularization, layout: network.layout, part: part)
    }
    learningRate = appliedRate * (state.distance?.longestStep ?? 1)
    if isJudged { try judge(over: ranks) }
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

  /// P_k = −∂(Δw_k)/∂Ẇ_k of the last update, Ẇ as a sum over the samples, with all else as it was in the update
  /// (`UpdateRule.stepDerivative`); 0 where the update was undone. To be asked for before the next statistics.
  ///
  /// The derivative of w + Δw by the weight of a sample is −P ∇f_i, with ∇f_i at ``parametersBefore``.
  ///
  /// - Parameter p: P, in the order of the network's layout; the same on every rank.
  public func stepDerivative(into p: Vector<Scalar>) {
    precondition(steps > 0, "without an update there is no derivative of it")
    guard !wasUndone else {
      p.fill(0)
      return
    }
    rule.stepDerivative(
      into: p, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
      regularization: regularization, layout: network.layout)
  }

  /// Whether the trust ratio of the present step is looked at.
  private var isJudged: Bool { trustRatio?.judges(step: steps) ?? false }

  /// (M15) for the step from ``before`` to the present parameters. Rank 0 judges for all: the others take its numbers, so
  /// that a last bit in which processors differ cannot part them.
  private func judge(over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let (x, t, ids) = (inputs.prefix(minibatch.rows), targets.prefix(minibatch.rows), positions)
    var pass = Pass.training(seed: seed, epoch: minibatch.epoch)
    pass.updatesRunningAverages = false
    _ = try network.forward(
      x, parameters: parameters.all, pass: pass, samples: minibatch.samples, ids: ids.span, over: ranks)
    try addLosses(t, over: ranks)
    func objective(_ loss: Double, _ parameters: Arena<Scalar>) -> Double {
      loss / Double(minibatch.samples) + regularization.value(parameters.all, network.layout)
    }
    let actual = objective(losses.values[0], before) - objective(losses.values[1], parameters)
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
      wasUndone = true
    }
  }

  /// The sums of the losses of the last statistics, and of those at the last forward pass.
  private func addLosses(_ targets: Matrix<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    func lossAfter(_ rows: Range<Int>) -> Double {
      network.loss(loss, targets: targets, weights: rowWeights?[0..<targets.rows], rows: rows)
    }
    if let tree = ranks.lanes {
      losses.reserve(tree)
      for (number, subtree) in tree.subtrees.enumerated() {
        losses.subtree(number)[0] = tree.sum(subtree) { network.laneLosses[$0 - tree.own.lowerBound] }
        losses.subtree(number)[1] = tree.sum(subtree) { lane in
          lossAfter(tree.rows(of: lane..<lane + 1, samples: minibatch.samples))
        }
      }
    } else {
      losses.values[1] = lossAfter(0..<targets.rows)
    }
    try losses.addUp(over: ranks)
  }
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
    try state.part("trustRatio") { try trustRatio?.exchange(with: $0) }
    try whole(state).part("optimizer", self.state.exchange)
  }

  private func exchangeParameters(with state: any StateExchange) throws {
    let blocks = network.layout.blocks.map { StateBlock(name: $0.name, shape: $0.shape, range: $0.range) }
    guard memory != nil, state.isTaking else { return try state.parameters(blocks, parameters.all) }
    // All ranks have heard them before one writes to the one copy.
    let heard = Arena<Scalar>(count: parameters.count)
    try state.parameters(blocks, heard.all)
    try restoreParameters(from: heard)
  }

  /// For arrays of which each rank may have a part: it gathers them before they are handed out.
  func whole(_ state: any StateExchange) -> any StateExchange {
    memory.map { GatheredState($0, state) } ?? state
  }
}
