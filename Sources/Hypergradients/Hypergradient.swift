private import Glibc
public import Kernels
public import Networks

/// The hypergradient of a chain: the derivative of the validation loss with respect to the weight of each training
/// example, through one step of each network.
///
/// (M23) `∂L/∂a_i = −∇ℓ_i(W) · P_W ∘ ∇L(W')`; (M24) `∂L/∂a_i = +∇ℓ_i(W) · P_W ∘ r`, where r is the derivative of ∇_{W'}
/// Ψ(W', V) along d = P_V ∘ ∇L(V'). P = −∂W'/∂g is the derivative of a step with respect to the sum of the weighted
/// gradients: ξ for the specification's step; for other steps a preconditioner whose denominators are held constant.
/// The steps themselves are taken by the caller, or by ``takeTeacherStep(_:training:weights:masks:ids:over:)`` and
/// ``takeStudentStep(_:teacher:samples:over:)``.
///
/// Batch normalisation uses its running averages in every pass; dropout masks are the same in every pass. The caller's
/// parameters never change. After the first hypergradient, others of the same sizes allocate nothing.
public final class Hypergradient<Scalar: Real> {
  public let chain: Chain
  public let strategy: Strategy
  public let grid: Grid.Choice
  /// The layouts of the teacher's parameters W and of the evaluated network's; with two levels both are the teacher's.
  public let teacherLayout: ParameterLayout
  public let validatedLayout: ParameterLayout

  /// C and B: the blocks that (M26) and (M25) perturb.
  let teacherBlocks: [ParameterGroups.Block]
  let studentBlocks: [ParameterGroups.Block]

  /// The networks with their samples: the teacher on the weighted examples and on the unlabelled inputs; the student on
  /// the unlabelled inputs and on pairs; the evaluated network on the validation set.
  let training: Station<Scalar>
  let labelling: Station<Scalar>?
  let learning: Station<Scalar>?
  let pairing: Station<Scalar>?
  let validating: Station<Scalar>

  /// M ∇L, the sum of the validation samples' gradients, followed by the sum of their losses, in one reduction.
  /// [evaluated + 1]
  private let slope: SampleSums<Scalar>
  /// β of the average of ∇L over hypergradients, and that average, [evaluated].
  private let slopeDecay: Double
  private let averageSlope: Arena<Scalar>
  private var slopesTakenUp = 0
  /// r, or for `nested` each r^{±b}, one after the other, [teacher] each; for three levels.
  let labelSlopes: SampleSums<Scalar>
  /// The directions q by which the examples' gradients are multiplied, and the coefficients of the products in the
  /// result. A factor of a whole direction is part of its coefficient.
  var products: [(q: Vector<Scalar>, coefficient: Double)] = []
  let perturbedTeacher: Perturbation<Scalar>
  let perturbedStudent: Perturbation<Scalar>
  /// The gradients of the steps, [teacher] and [student]; t(z), and sums of the student's outputs, [samples × outputs].
  let teacherGradient: Arena<Scalar>
  let studentGradient: Arena<Scalar>
  /// κ for each pair in a student's step.
  var pairWeights = Arena<Scalar>(count: 0)
  var labels: Matrix<Scalar>
  var outputs: Matrix<Scalar>
  /// ∂L/∂a, followed by ‖∂ℓ_i/∂y‖ if they are measured, in one reduction. [training rows] each.
  private(set) var result: Arena<Double>
  let measuresResiduals: Bool
  /// ‖∂ℓ_i/∂y_i‖ at W for the last hypergradient's weighted examples, [training rows]; empty if they are not measured.
  public var residuals: Vector<Double> {
    measuresResiduals ? result.all[result.count / 2..<result.count] : result.all[0..<0]
  }

  /// The passes that this rank has done for the last hypergradient, without the passes of the steps.
  public internal(set) var passes = PassCount()
  /// Whether ``kinkCrossings`` is counted; this costs one more forward pass for each set of perturbed passes.
  public var watchesKinks = false
  /// The number of this rank's perturbed passes of the last hypergradient that lie on other sides of kinks (relu,
  /// hinge, …) than the unperturbed parameters. A finite difference across a kink has no order of accuracy.
  public internal(set) var kinkCrossings = 0

  /// The time that this rank spent on these passes, without waiting for other ranks.
  public internal(set) var seconds = 0.0

  /// - Parameters:
  ///   - groups: the blocks of the teacher, and of the student; `exact` needs none.
  ///   - radius: the radius of blocks without one of their own.
  ///   - slopeDecay: β ≥ 0 of an average of ∇L over the hypergradients of a training run, m ← β m + (1 − β) ∇L, with
  ///     bias correction. The average takes the place of ∇L. It has less noise of validation batches and of the steps,
  ///     but the slope lags behind. 0 for the derivative itself.
  ///   - measuresResiduals: whether ``residuals`` are measured too; this costs one more forward pass on the weighted
  ///     examples, but none with `exact`.
  ///   - grid: how ranks are divided among directions and samples.
  /// - Throws: ``HypergradientError``, `NetworkError` if the parts do not fit together.
  public init(
    _ chain: Chain, strategy: Strategy, teacherGroups: ParameterGroups = .joint,
    studentGroups: ParameterGroups = .joint, radius: Double = 0.01, slopeDecay: Double = 0,
    measuresResiduals: Bool = false,
    grid: Grid.Choice = .automatic
  ) throws {
    precondition(strategy != .nested || Scalar.precision == .float64, "nested differences need Double")
    precondition(slopeDecay >= 0 && slopeDecay < 1, "an average takes up a part of each slope")
    (self.chain, self.strategy, self.grid) = (chain, strategy, grid)
    (self.slopeDecay, self.measuresResiduals) = (slopeDecay, measuresResiduals)
    guard radius > 0, radius.isFinite else {
      throw HypergradientError("the radius is \(radius); it must be above 0, and is best near 0.01")
    }
    training = try Station(chain.teacher, loss: chain.teacher.loss)
    validating = try Station(chain.validated, loss: chain.validationLoss)
    teacherLayout = training.network.layout
    validatedLayout = validating.network.layout
    teacherBlocks = try teacherGroups.blocks(
      of: teacherLayout, radius: radius, network: "teacher", numbers: chain.teacher.layerNumbers)
    if let student = chain.student {
      try Self.check(chain.teacher, student, training.network.outputs, validating.network.outputs)
      labelling = try Station(chain.teacher, loss: student.loss)
      learning = try Station(student, loss: student.loss)
      pairing = try Station(student, loss: student.loss)
      studentBlocks = try studentGroups.blocks(
        of: validatedLayout, radius: radius, network: "student", numbers: student.layerNumbers)
    } else {
      (labelling, learning, pairing, studentBlocks) = (nil, nil, nil, [])
    }
    let hasStudent = chain.student != nil
    let teacherCount = teacherLayout.count
    let studentCount = hasStudent ? validatedLayout.count : 0
    slope = SampleSums(count: validatedLayout.count + 1)
    averageSlope = Arena(count: slopeDecay > 0 ? validatedLayout.count : 0)
    labelSlopes = SampleSums(
      count: hasStudent ? teacherCount * (strategy == .nested ? 2 * studentBlocks.count : 1) : 0)
    perturbedTeacher = Perturbation(count: strategy == .exact ? 0 : teacherCount)
    perturbedStudent = Perturbation(count: strategy == .exact ? 0 : studentCount)
    teacherGradient = Arena(count: teacherCount)
    studentGradient = Arena(count: studentCount)
    labels = Matrix(rows: 0, columns: training.network.outputs)
    outputs = labels
    result = Arena(count: 0)
  }

  /// D, the number of passes that are independent of each other: over the weighted examples and, with three levels,
  /// over the unlabelled samples.
  public var directions: (examples: Int, labels: Int?) {
    guard strategy != .exact else { return (1, chain.student == nil ? nil : 1) }
    let labels = chain.student == nil ? nil : 2 * studentBlocks.count
    return ((strategy == .nested ? labels ?? 1 : 1) * 2 * teacherBlocks.count, labels)
  }

  private static func check(
    _ teacher: Learner, _ student: Learner, _ teacherOutputs: Int, _ studentOutputs: Int
  ) throws(HypergradientError) {
    guard teacherOutputs == studentOutputs else {
      throw HypergradientError(
        "the teacher has \(teacherOutputs) outputs, but the student \(studentOutputs): it learns the teacher's labels, so "
          + "give both as many")
    }
    guard teacher.inputs == student.inputs else {
      throw HypergradientError(
        "the teacher has \(teacher.inputs) inputs, but the student \(student.inputs): both see the unlabelled samples, so "
          + "give both as many")
    }
    guard student.loss.takesSoftLabels else {
      throw HypergradientError(
        "the student's loss \(student.loss.rawValue) takes no soft labels; use softmaxCrossEntropy, squaredError or "
          + "sigmoidCrossEntropy")
    }
  }

  /// ∂L/∂a through one step of the teacher and, with three levels, one step of the student. Collective.
  ///
  /// - Parameters:
  ///   - teacher: the step from W to W' with the weighted examples.
  ///   - student: the step from V to V' with the teacher's labels at W'; for three levels.
  ///   - samples: the same on every rank.
  ///   - followsTeacherStep: whether W, the weighted examples and the masks are those of the last
  ///     ``takeTeacherStep(_:training:weights:masks:ids:over:)``; `exact` then does not repeat its forward pass.
  /// - Returns: ∂L/∂a, [training rows], valid until the next call, and L, the mean over the validation set at the last
  ///   network's new parameters; both the same on every rank. A direction that is zero contributes 0.
  /// - Throws: ``HypergradientError`` if samples are missing; errors of the sum over the ranks.
  /// - Complexity: see ``Strategy``.
  public func compute(
    teacher: StepTaken<Scalar>, student: StepTaken<Scalar>? = nil, samples: ChainSamples<Scalar>,
    followsTeacherStep: Bool = false, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> (hypergradient: Vector<Double>, validationLoss: Double) {
    try check(samples, ranks: ranks.ranks)
    (passes, seconds, kinkCrossings) = (PassCount(), 0, 0)
    let rows = samples.training.inputs.rows
    let count = measuresResiduals ? 2 * rows : rows
    if result.count != count { result = Arena(count: count) }
    result.all.fill(0)

    let validationLoss = try validate(student?.after ?? teacher.after, samples.validation, over: ranks)
    let v = slope.values[0..<validatedLayout.count]
    if slopeDecay > 0 { takeUp(v) }
    let perSample = 1 / Double(samples.validation.inputs.rows)
    products.removeAll(keepingCapacity: true)
    if chain.student == nil {
      products.append((v, -perSample))
    } else {
      guard let student, let unlabelled = samples.unlabelled else {
        preconditionFailure("three levels have a student's step and unlabelled samples")
      }
      let factor = student.derivative.scale(v)
      try differentiateLabels(
        at: teacher.after, student.before, along: v, unlabelled, masks: samples.masks, ids: samples.unlabelledIDs,
        over: ranks)
      for k in products.indices { products[k].coefficient *= perSample * factor }
    }
    for k in products.indices { products[k].coefficient *= teacher.derivative.scale(products[k].q) }
    multiplyBySampleGradients(
      at: teacher.before, samples.training, masks: samples.masks, ids: samples.trainingIDs,
      isForwardDone: followsTeacherStep, over: ranks)
    try ranks.sum(result.all)
    return (result.all[0..<rows], validationLoss)
  }

  /// Checks the samples of a hypergradient and its grid.
  private func check(_ samples: ChainSamples<Scalar>, ranks: Int) throws(HypergradientError) {
    guard samples.training.inputs.rows > 0 else {
      throw HypergradientError("there are no training examples; give at least one")
    }
    guard samples.validation.inputs.rows > 0 else {
      throw HypergradientError("there are no validation samples; give at least one")
    }
    guard chain.student == nil || (samples.unlabelled?.rows ?? 0) > 0 else {
      throw HypergradientError("there are no unlabelled samples, which the student learns from; give at least one")
    }
    try grid.check(ranks: ranks)
  }

  /// Returns L at the evaluated network's new parameters, and writes M ∇L to ``slope``; all ranks share the rows.
  private func validate(
    _ parameters: Vector<Scalar>, _ validation: Samples<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    let count = validatedLayout.count
    let all = validation.inputs.rows
    try timed {
      let rows = ranks.shard(0..<all)
      let (x, t) = (validation.inputs[rows], validation.targets[rows])
      _ = validating.forward(x, at: parameters, ids: Span())
      _ = try validating.network.addStatistics(
        inputs: x, targets: t, parameters: parameters, loss: validating.loss, partition: .automatic, bound: .paper,
        into: slope, at: StatisticsPlace(wDot: 0..<count, loss: count), samples: all, over: ranks)
      passes = passes + PassCount(forward: 1, backward: 1)
    }
    try slope.addUp(over: ranks)
    return Double(slope.values[count]) / Double(all)
  }

  /// How ranks are divided among the passes of the given number of directions. Where sums are added up by lanes, only
  /// the samples are divided, so that every number is computed in the same way for any number of ranks.
  func grid(directions: Int, over ranks: borrowing some GlobalSum & ~Copyable) -> Grid {
    Grid(directions: ranks.lanes == nil ? directions : 1, rank: ranks.rank, ranks: ranks.ranks, grid)
  }

  /// This rank's share of the rows in a pass of its group.
  func rows(_ count: Int, _ grid: Grid, over ranks: borrowing some GlobalSum & ~Copyable) -> Range<Int> {
    ranks.lanes?.shard(0..<count) ?? grid.rows(count)
  }

  /// Adds this slope to the average of slopes, and replaces it by the average with bias correction.
  private func takeUp(_ slope: Vector<Scalar>) {
    slopesTakenUp += 1
    average(slope, into: averageSlope.all, decay: Scalar(slopeDecay))
    slope.copy(from: averageSlope.all)
    slope.scale(by: Scalar(1 / (1 - pow(slopeDecay, Double(slopesTakenUp)))))
  }

  /// Adds the time of `body`, this rank's own work, to ``seconds``.
  func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    defer { seconds += start.duration(to: clock.now) / .seconds(1) }
    return try body()
  }
}

extension Hypergradient: Resumable {
  /// The average of ∇L and its count; everything else belongs to one hypergradient.
  public func exchange(with state: any StateExchange) throws {
    try state.array("slope", averageSlope.all)
    try state.number("slopes", &slopesTakenUp)
  }
}

/// m ← β m + (1 − β) x.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func average<Scalar: Real>(_ x: Vector<Scalar>, into m: Vector<Scalar>, decay: Scalar) {
  update(m, x) { m, x in decay * m + (1 - decay) * x }
}
