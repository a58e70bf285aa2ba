internal import Configurations
public import Kernels

/// The progress of a run after a step.
public struct TrainingProgress: Sendable {
  /// The number of the cycle, counted from 1, and the number of cycles: with learned weights the network may be trained
  /// several times.
  public package(set) var cycle = 1
  public package(set) var cycles = 1
  /// The number of this step, and the number of all steps; both count all cycles.
  public package(set) var step: Int
  public package(set) var steps: Int
  /// Epochs of the cycle, counted from 1.
  public let epoch: Int
  public let epochs: Int
  /// The mean loss of the step's minibatch before the step, without regularisation.
  public let loss: Double
  /// The seconds spent on steps since the first one, without validation.
  public package(set) var seconds: Double
  /// Whether this is the last step of its epoch.
  public let endsEpoch: Bool
}

/// The results of an epoch.
public struct EpochReport: Sendable {
  /// Counted from 1 in each cycle.
  public let epoch: Int
  /// The number of steps taken, in all cycles together.
  public package(set) var step: Int
  /// The seconds spent on steps since the first one, without validation.
  public package(set) var seconds: Double
  /// The mean over the epoch's minibatches, each before its step; without regularisation.
  public let trainingLoss: Double
  /// α or λ of the epoch's last step; where the optimizer finds the lengths of the steps, their upper limit.
  public let learningRate: Double
  /// The evaluation on the validation set, where there is one.
  public let validation: Evaluation?
}

/// How the loop over the epochs ended.
public struct TrainingOutcome: Sendable {
  package init() {}

  /// The number of steps taken.
  public var steps = 0
  /// The seconds spent on these steps.
  public var seconds = 0.0
  /// The step at which the loss, or the epoch's validation loss after the step, was not finite; the parameters are then
  /// the last good ones.
  public var divergedAtStep: Int?
  /// The quantity that overflowed first at that step.
  public var divergence: Divergence?
  /// The epoch whose parameters were kept by early stopping, counted from 1.
  public var bestEpoch: Int?
  /// Whether the caller stopped the loop between two steps: the parameters are those of the last step.
  public var wasStopped = false
}

extension TrainingOutcome {
  mutating func diverge(_ divergence: Divergence) {
    (divergedAtStep, self.divergence) = (steps, divergence)
  }
}

/// The position of a run between two steps.
public struct TrainingPosition: Equatable, Sendable {
  /// The number of steps taken, in all and in the present epoch.
  public private(set) var steps = 0
  public private(set) var stepInEpoch = 0
  /// The epoch of the next step, counted from 1.
  public private(set) var epoch = 1
  /// The sum of the samples' losses in the present epoch, and the number of these samples.
  private var lossSum = 0.0
  private var samples = 0
  /// Whether early stopping has ended the run.
  public private(set) var hasSettled = false
  /// The seconds spent on the steps. They are not part of the state, because they differ from run to run.
  public internal(set) var seconds = 0.0

  public init() {}

  /// Whether no steps are left.
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

  /// - Throws: ``StateMismatch`` where the position does not occur in a training of this plan.
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
