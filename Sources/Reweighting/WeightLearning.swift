public import Configurations
public import Datasets
internal import Hypergradients
public import Kernels
internal import MPI
public import Networks
private import Optimizers
public import Ranks
package import RunRecords
public import Training

/// The learning of the training samples' weights during a training: the weights, and the student of three levels.
///
/// The training step is the first level. After it the student takes its step; then the hypergradient through both steps
/// updates the weights of the minibatch. Everything is the same on every rank.
public final class WeightLearning<Scalar: Real>: SampleWeighting {
  package let weights: ExampleWeights
  package let student: StudentTraining<Scalar>?
  /// b_i of all training samples, the factors of their losses in the training step.
  public let effective: Arena<Scalar>
  package let settings: ReweightConfiguration

  private let seed: UInt64
  private let isReproducible: Bool
  private let schedule: Schedule
  /// nil if the weights do not change.
  private let derivative: Derivative?
  private var validationCycle: SampleCycle?
  private let teacherDerivative: Arena<Scalar>
  private let studentDerivative: Arena<Scalar>
  private let lastGood: Arena<Double>

  /// `nested` differences run in Double, whatever the training's precision.
  private enum Derivative {
    case own(ChainDerivative<Scalar>)
    case double(ChainDerivative<Double>)
  }

  /// - Parameters:
  ///   - problem: without the samples whose labels are hidden.
  ///   - unlabelled: the samples whose labels are hidden; for three levels.
  ///   - batch: the number of samples in a minibatch.
  ///   - learns: false for the same training with all weights equal to 1.
  ///   - start: the result of the previous cycle; nil for the first cycle.
  /// - Throws: `NetworkError`, ``ConfigurationError`` if the parts do not fit together.
  public init(
    _ configuration: Configuration, problem: LearningProblem, unlabelled: Subset?, batch: Int, ranks: Int,
    learns: Bool = true, start: WeightStart? = nil
  ) throws {
    settings = configuration.reweight ?? ReweightConfiguration()
    seed = UInt64(configuration.training.seed)
    isReproducible = configuration.training.reproducible
    schedule = Schedule(settings.schedule)
    let training = problem.split.training
    weights = ExampleWeights(
      settings, count: training.count,
      labels: problem.target == .label ? (0..<training.count).map { Int32(training.label(at: $0)) } : [],
      belief: start?.belief)
    student = try unlabelled.map { unlabelled in
      try StudentTraining(
        configuration, problem: problem, unlabelled: unlabelled, batch: batch, ranks: ranks,
        steps: TrainingPlan(samples: training.count, configuration.training).steps)
    }
    effective = Arena(count: problem.split.training.count)
    // Without learning all weights are 1, even if the constraint has another initial weight.
    if !learns { weights.values.all.fill(1) }
    lastGood = Arena(count: problem.split.training.count)
    lastGood.all.copy(from: weights.values.all)
    guard learns, let validation = problem.split.validation else {
      (derivative, teacherDerivative, studentDerivative) = (nil, Arena(count: 0), Arena(count: 0))
      return
    }
    do throws(HypergradientError) {
      try settings.grid.check(ranks: ranks)
    } catch {
      throw ConfigurationError("reweight.grid: \(error)")
    }
    func chain<Own: Real>(_ precision: Own.Type) throws -> ChainDerivative<Own> {
      try ChainDerivative(configuration, problem: problem, unlabelled: unlabelled, batch: batch)
    }
    let (teacherCount, studentCount): (Int, Int)
    if settings.strategy == .nested && Scalar.precision == .float32 {
      let chain = try chain(Double.self)
      derivative = .double(chain)
      (teacherCount, studentCount) = (
        chain.hypergradient.teacherLayout.count, chain.hypergradient.validatedLayout.count
      )
    } else {
      let chain = try chain(Scalar.self)
      derivative = .own(chain)
      (teacherCount, studentCount) = (
        chain.hypergradient.teacherLayout.count, chain.hypergradient.validatedLayout.count
      )
    }
    validationCycle = SampleCycle(
      seed: configuration.training.seed, .validationBatch, count: validation.count, batch: settings.validationBatch)
    teacherDerivative = Arena(count: settings.preconditioned ? teacherCount : 0)
    studentDerivative = Arena(count: settings.preconditioned && unlabelled != nil ? studentCount : 0)
  }

  /// a of the training samples, by position.
  public var values: [Double] { weights.values.all.array }

  public var evaluated: (step: TrainingStep<Scalar>, loss: Loss)? { student.map { ($0.step, $0.loss) } }

  public func prepare(_ batch: Span<Int32>) { weights.apply(to: batch, effective.all) }

  /// Takes the student's step, and updates the weights. Collective.
  public func follow(
    _ step: TrainingStep<Scalar>, _ batch: Span<Int32>, epoch: Int, step t: Int, plan: TrainingPlan,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> String? {
    if let student {
      let loss = try student.take(
        teacher: step.network, step.parameters.all, epoch: epoch, step: t, plan: plan, over: ranks)
      guard loss.isFinite else { return "the student's loss" }
    }
    guard let derivative, epoch > settings.warmup, t.isMultiple(of: settings.updateEvery),
      let validation = validationCycle?.advance()
    else { return nil }
    let teacher = taken(step, samples: batch.count, teacherDerivative)
    let own = student.map { student in
      taken(student.step, samples: student.lastCount, studentDerivative)
    }
    let masks = Pass.DropoutMasks(seed: seed, epoch: epoch)
    let found =
      switch derivative {
      case .own(let chain):
        try chain.compute(
          teacher: teacher, student: own, batch: batch, unlabelled: student?.lastUnlabelled,
          validation: validation.span,
          masks: masks, over: ranks)
      case .double(let chain):
        try chain.compute(
          teacher: teacher, student: own, batch: batch, unlabelled: student?.lastUnlabelled,
          validation: validation.span,
          masks: masks, over: ranks)
      }
    guard found.validationLoss.isFinite else { return "the validation loss" }
    let rate = settings.learningRate * schedule.factor(step: t, steps: plan.steps, stepsPerEpoch: plan.stepsPerEpoch)
    return weights.update(batch, found.hypergradient, residuals: found.residuals, rate: rate)
      ? nil : "the hypergradient"
  }

  /// The last update of a step, with its derivative with respect to its gradient: from the optimizer's own
  /// denominators, or from its rate alone.
  private func taken(_ step: TrainingStep<Scalar>, samples: Int, _ p: Arena<Scalar>) -> StepTaken<Scalar> {
    guard settings.preconditioned else {
      return StepTaken(
        before: step.parametersBefore, after: step.parameters.all,
        derivative: .rate(step.learningRate / Double(samples)))
    }
    let roots = step.stepDerivative(into: p.all)
    return StepTaken(
      before: step.parametersBefore, after: step.parameters.all,
      derivative: roots.map { .byUnit(p.all, $0) } ?? .diagonal(p.all))
  }

  public func compareReplicas(after step: Int?, over world: RankGroup) throws {
    _ = try replicaFingerprint(weights.values, after: step, what: "weights of the examples", over: world)
    if let student {
      _ = try replicaFingerprint(
        student.step.parameters, after: step, what: "parameters of the student", over: world)
    }
  }

  /// How the ranks are divided in the passes of a hypergradient.
  package func grid(ranks: Int) -> ReweightResult.Grid {
    let directions: (examples: Int, labels: Int?)? =
      switch derivative {
      case .own(let chain): chain.hypergradient.directions
      case .double(let chain): chain.hypergradient.directions
      case nil: nil
      }
    func groups(_ directions: Int) -> Int {
      Grid(directions: isReproducible ? 1 : directions, rank: 0, ranks: ranks, settings.grid).groups
    }
    return ReweightResult.Grid(
      setting: settings.grid.text, groups: groups(directions?.examples ?? 1),
      studentGroups: directions?.labels.map(groups))
  }

  public func keepGood() {
    lastGood.all.copy(from: weights.values.all)
    student?.keepGood()
  }

  public func restoreGood() {
    weights.values.all.copy(from: lastGood.all)
    student?.restoreGood()
  }
}

extension WeightLearning: Resumable {
  /// The weights with their averages, the student, and the position in the validation set. Random numbers are addressed
  /// by their purpose and have no state.
  public func exchange(with state: any StateExchange) throws {
    try state.part("weights", weights.exchange)
    try state.part("student") { try student?.exchange(with: $0) }
    try state.part("judges") { try validationCycle?.exchange(with: $0) }
    try state.part("hypergradient") { state throws in
      switch derivative {
      case .own(let chain): try chain.hypergradient.exchange(with: state)
      case .double(let chain): try chain.hypergradient.exchange(with: state)
      case nil: break
      }
    }
    try state.array("weights.lastGood", lastGood.all)
  }
}
