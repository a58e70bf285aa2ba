internal import Configurations
public import Kernels

/// Where a run is, after a step.
public struct TrainingProgress: Sendable {
  /// Where the network is trained several times over, with learned weights: which time this is, counted from 1, of how many.
  public package(set) var cycle = 1
  public package(set) var cycles = 1
  /// Those of all cycles together.
  public package(set) var step: Int
  public package(set) var steps: Int
  /// Epochs of the cycle, counted from 1.
  public let epoch: Int
  public let epochs: Int
  /// The mean loss of the step's minibatch before the step, without regularisation.
  public let loss: Double
  /// Spent on steps since the first one, without validation.
  public package(set) var seconds: Double
  /// Whether this is the last step of its epoch.
  public let endsEpoch: Bool
}

/// What an epoch gave.
public struct EpochReport: Sendable {
  /// Counted from 1 in each cycle.
  public let epoch: Int
  /// The steps that are done, those of all cycles together.
  public package(set) var step: Int
  /// Spent on steps since the first one, without validation.
  public package(set) var seconds: Double
  /// The mean over the epoch's minibatches, each before its step; without regularisation.
  public let trainingLoss: Double
  /// α or λ of the epoch's last step; where the lengths of the steps are found, their upper limit.
  public let learningRate: Double
  /// On the validation set, where there is one.
  public let validation: Evaluation?
}

/// How the loop over the epochs ended.
public struct TrainingOutcome: Sendable {
  package init() {}

  /// The steps that were taken.
  public var steps = 0
  /// Spent on them.
  public var seconds = 0.0
  /// The step whose loss, or the epoch's validation loss after it, was not finite; the parameters then are the last good
  /// ones.
  public var divergedAtStep: Int?
  /// What overflowed first there.
  public var divergence: Divergence?
  /// The epoch whose parameters were kept by early stopping, counted from 1.
  public var bestEpoch: Int?
  /// Whether the caller ended it between two steps: the parameters are those of the last step.
  public var wasStopped = false
}

extension TrainingOutcome {
  mutating func diverge(_ divergence: Divergence) {
    (divergedAtStep, self.divergence) = (steps, divergence)
  }
}

/// Where a run is between two steps.
public struct TrainingPosition: Equatable, Sendable {
  /// The steps that are done, in all and of the present epoch.
  public private(set) var steps = 0
  public private(set) var stepInEpoch = 0
  /// The epoch of the next step, counted from 1.
  public private(set) var epoch = 1
  /// Of the steps of the present epoch: the sum of the samples' losses, and their number.
  private var lossSum = 0.0
  private var samples = 0
  /// Whether early stopping has ended it.
  public private(set) var hasSettled = false
  /// Spent on the steps. It is no state: it differs from run to run.
  public internal(set) var seconds = 0.0

  public init() {}

  /// Whether there is nothing left to do.
  public func isOver(_ plan: TrainingPlan) -> Bool { hasSettled || steps >= plan.steps }

  /// The mean loss of the present epoch's minibatches, each before its step.
  var trainingLoss: Double { lossSum / Double(samples) }

  mutating func take(loss: Double, samples: Int, seconds: Double) {
    (steps, stepInEpoch, self.seconds) = (steps + 1, stepInEpoch + 1, seconds)
    lossSum += loss * Double(samples)
    self.samples += samples
  }

  mutating func endEpoch(isLast: Bool) {
    (epoch, stepInEpoch, hasSettled) = (epoch + 1, 0, isLast)
    (lossSum, samples) = (0, 0)
  }

  /// - Throws: ``StateMismatch`` where it is no place in a training of this plan.
  func check(_ plan: TrainingPlan) throws(StateMismatch) {
    let perEpoch = plan.stepsPerEpoch
    if isOver(plan) { return }
    guard epoch >= 1, (0..<perEpoch).contains(stepInEpoch), samples == plan.minibatch(stepInEpoch).lowerBound,
      (epoch - 1).multipliedReportingOverflow(by: perEpoch) == (steps - stepInEpoch, false)
    else {
      throw StateMismatch(
        "step \(steps), the \(stepInEpoch). of epoch \(epoch), is none of epochs of \(perEpoch) steps of \(plan.batch) "
          + "samples with training.lastBatch \(plan.lastBatch.rawValue)")
    }
  }
}

extension TrainingPosition: Resumable {
  public mutating func exchange(with state: any StateExchange) throws {
    try state.number("steps", &steps)
    try state.number("stepInEpoch", &stepInEpoch)
    try state.number("epoch", &epoch)
    try state.number("lossSum", &lossSum)
    try state.number("samples", &samples)
    try state.number("hasSettled", &hasSettled)
  }
}
