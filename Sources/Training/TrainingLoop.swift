public import Configurations
public import Datasets
public import Kernels
internal import MPI
internal import Networks
private import Optimizers
public import Ranks

/// The loop over epochs and minibatches, without files: a run and a comparison of optimizers use the same loop.
public final class TrainingLoop<Scalar: Real> {
  public let plan: TrainingPlan
  public let step: TrainingStep<Scalar>
  /// The learner of the sample weights; nil where all weights are 1.
  public let learning: (any SampleWeighting<Scalar>)?

  /// The place in which the loop notes its phase.
  public var place = RunPlace()

  /// How the ranks combine their shares of a minibatch.
  public var reduction: Reduction { step.reduction.kind }

  let configuration: Configuration
  package let problem: LearningProblem
  /// The network for evaluation: it has its own workspaces where ranks share those of the step.
  let evaluationNetwork: Network<Scalar>
  /// This rank's part of the parameters at the first minibatch of the last epoch in which that minibatch's loss was
  /// finite.
  private let lastGood: Arena<Scalar>
  private var stopping: EarlyStopping<Scalar>?
  /// The loss of the first minibatch, and the mean loss of the last complete epoch; nil where they were computed before
  /// a checkpoint.
  package private(set) var firstLoss: Double?
  package private(set) var lastEpochLoss: Double?
  /// The loop's position, between two steps.
  public private(set) var position = TrainingPosition()

  /// - Parameters:
  ///   - plan: the steps to take; nil for the configuration's epochs.
  ///   - ranks: the number of ranks that share a minibatch.
  ///   - learning: made for the same problem.
  /// - Throws: `NetworkError`, ``ConfigurationError`` where the configuration's network does not fit its data.
  public convenience init(
    _ configuration: Configuration, problem: LearningProblem, plan: TrainingPlan? = nil, ranks: Int,
    learning: (any SampleWeighting<Scalar>)? = nil
  ) throws {
    self.init(try TrainingDraft(configuration, problem: problem, plan: plan, ranks: ranks), learning: learning)
  }

  /// - Parameter memory: made for the same draft; nil where every rank has everything.
  init(_ draft: TrainingDraft<Scalar>, learning: (any SampleWeighting<Scalar>)?, memory: NodeMemory<Scalar>? = nil) {
    (configuration, problem, plan) = (draft.configuration, draft.problem, draft.plan)
    self.learning = learning
    let training = draft.configuration.training
    step = TrainingStep(
      draft.configuration, problem: draft.problem, network: memory?.network ?? draft.network,
      parameters: memory?.parameters
        ?? draft.network.initialParameters(training.initialization, seed: UInt64(training.seed)),
      capacity: draft.capacity, weights: learning?.effective.all, keepsParametersBefore: learning != nil,
      memory: memory, run: draft.plan.length)
    evaluationNetwork = draft.network
    lastGood = Arena(count: draft.network.layout.count)
    step.keepParameters(in: lastGood)
    stopping = draft.configuration.training.stopEarly.map { EarlyStopping(patience: $0.patience, step: step) }
  }

  private func keepGood() {
    step.keepParameters(in: lastGood)
    learning?.keepGood()
  }

  /// Restores the parameters at the first minibatch of the last epoch in which that minibatch's loss was finite.
  /// Collective.
  public func restoreLastGood() throws {
    try step.restoreParameters(from: lastGood)
    learning?.restoreGood()
  }

  /// The step of the network that is evaluated on validation and test set: the student's step where there is a student.
  public var evaluated: TrainingStep<Scalar> { learning?.evaluated?.step ?? step }

  /// The mean loss of the training set at the initial parameters. Collective.
  package func initialTrainingLoss(over ranks: borrowing some GlobalSum & ~Copyable) throws -> Double {
    let parameters = evaluationNetwork.initialParameters(
      configuration.training.initialization, seed: UInt64(configuration.training.seed))
    return try problem.evaluate(
      evaluationNetwork, parameters, configuration.loss, on: problem.split.training, over: ranks
    ).loss
  }

  /// Evaluates the trained network on a subset. Collective.
  public func evaluate(_ subset: Subset, over ranks: borrowing some GlobalSum & ~Copyable) throws -> Evaluation {
    if let (step, loss) = learning?.evaluated {
      return try problem.evaluate(step.network, step.parameters, loss, on: subset, over: ranks)
    }
    return try problem.evaluate(evaluationNetwork, step.parameters, configuration.loss, on: subset, over: ranks)
  }

  /// Takes all steps of the plan, or the remaining ones after ``exchange(with:)``, unless the loss stops being finite
  /// or the validation loss stops falling. Collective.
  ///
  /// - Parameters:
  ///   - afterStep: called on every rank after each step.
  ///   - afterEpoch: called on every rank after each epoch.
  ///   - between: called on every rank in a state from which a later run can continue: after each step, but after an
  ///     epoch's last step only once the epoch has been evaluated. Returns whether to stop there, the same on every
  ///     rank.
  /// - Returns: the outcome, the same on every rank except for the seconds; ``step`` has the trained parameters.
  public func run(
    over ranks: borrowing some GlobalSum & ~Copyable, afterStep: (TrainingProgress) throws -> Void = { _ in },
    afterEpoch: (EpochReport) throws -> Void = { _ in },
    between: (TrainingPosition) throws -> Bool = { _ in false }
  ) throws -> TrainingOutcome {
    var outcome = TrainingOutcome()
    (outcome.steps, outcome.seconds) = (position.steps, position.seconds)
    var order = EpochOrder(seed: configuration.training.seed, count: plan.samples)
    let schedule = configuration.schedule.schedule
    let clock = ContinuousClock()

    while !position.isOver(plan) {
      let (epoch, firstStep) = (position.epoch, position.stepInEpoch)
      let stepsInEpoch = min(plan.stepsPerEpoch, plan.steps - (position.steps - firstStep))
      var start = clock.now
      order.shuffle(epoch: epoch)
      for stepInEpoch in firstStep..<stepsInEpoch {
        let batch = plan.minibatch(stepInEpoch)
        let factor = schedule.factor(
          step: outcome.steps, steps: plan.steps, stepsPerEpoch: plan.stepsPerEpoch)
        let samples = order.positions.span.extracting(batch)
        place.note(.step, step: outcome.steps + 1)
        learning?.prepare(samples)
        let loss = try step.computeStatistics(
          order.positions.span.extracting(ranks.shard(batch)), samples: batch.count, epoch: epoch, over: ranks)
        outcome.steps += 1
        guard loss.isFinite else {
          outcome.diverge(
            try divergence(
              ofStep: outcome.steps, at: (epoch, stepInEpoch),
              order.positions.span.extracting(ranks.shard(batch)), over: ranks))
          try restoreLastGood()
          return outcome
        }
        if stepInEpoch == 0 { keepGood() }
        if outcome.steps == 1 { firstLoss = loss }
        try step.update(factor: factor, over: ranks)
        if let fault = try learning?.follow(
          step, samples, epoch: epoch, step: outcome.steps - 1, plan: plan, over: ranks)
        {
          outcome.diverge(
            try divergence(ofLearning: fault, afterStep: outcome.steps, at: (epoch, stepInEpoch), over: ranks))
          try restoreLastGood()
          return outcome
        }
        outcome.seconds += start.duration(to: clock.now) / .seconds(1)
        position.take(loss: loss, samples: batch.count, seconds: outcome.seconds)
        try afterStep(
          TrainingProgress(
            step: outcome.steps, steps: plan.steps, epoch: epoch, epochs: plan.epochs, loss: loss,
            seconds: outcome.seconds, endsEpoch: stepInEpoch + 1 == stepsInEpoch))
        if stepInEpoch + 1 < stepsInEpoch, try between(position) {
          outcome.wasStopped = true
          return outcome
        }
        start = clock.now
      }
      place.note(.validation, step: outcome.steps)
      let validation = try problem.split.validation.map { try evaluate($0, over: ranks) }
      if let loss = validation?.loss, !loss.isFinite {
        outcome.diverge(try divergence(evaluatedOn: "validation set", afterStep: outcome.steps, over: ranks))
        try restoreLastGood()
        return outcome
      }
      lastEpochLoss = position.trainingLoss
      try afterEpoch(
        EpochReport(
          epoch: epoch, step: outcome.steps, seconds: outcome.seconds, trainingLoss: position.trainingLoss,
          learningRate: step.learningRate, validation: validation))
      let hasSettled =
        validation.map { stopping?.hasSettled(epoch: epoch, loss: $0.loss, step: step) ?? false } ?? false
      position.endEpoch(isLast: hasSettled)
      if try between(position), !position.isOver(plan) {
        outcome.wasStopped = true
        return outcome
      }
    }
    place.note(.end, step: outcome.steps)
    if let stopping {
      try stopping.restore(step)
      outcome.bestEpoch = stopping.bestEpoch
    }
    return outcome
  }
}

extension TrainingLoop {
  /// Compares the parameters of all ranks by hash after every `every` steps; never where `every` is 0. Collective.
  ///
  /// - Parameters:
  ///   - progress: the step that was just taken.
  /// - Throws: `AgreedFailure` on every rank, naming the step and the ranks whose parameters differ from rank 0's.
  public func compareReplicas(
    after progress: TrainingProgress, every: Int, over world: RankGroup
  ) throws {
    guard every > 0, progress.step.isMultiple(of: every) else { return }
    _ = try replicaFingerprint(step.parameters, after: progress.step, over: world)
    try learning?.compareReplicas(after: progress.step, over: world)
  }
}

extension TrainingLoop: Resumable {
  /// The whole state on which the remaining steps depend. The order of the samples is addressed by (seed, epoch) and
  /// has no state. Collective.
  public func exchange(with state: any StateExchange) throws {
    try state.part("step", step.exchange)
    try state.part("position") { try position.exchange(with: $0) }
    try step.reduction.whole(state).array("lastGood", lastGood.all)
    try step.reduction.whole(state).part("stopEarly") { try stopping?.exchange(with: $0) }
    if var learning { try learning.exchange(with: state) }
    if state.isTaking { try position.check(plan) }
  }

  /// Sets the seconds spent on the steps before ``position``. They are not part of the state, because they differ from
  /// run to run.
  public func resume(afterSeconds seconds: Double) { position.seconds = seconds }
}
