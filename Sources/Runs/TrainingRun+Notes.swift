private import Glibc
internal import Kernels
internal import RunRecords
internal import Training

extension TrainingRun {
  /// The factor by which the loss at the end must exceed the loss at the start for a training to count as failed.
  ///
  /// A training that works ends below its start, and a training that learns nothing ends near it.
  private static let failedRatio = 2.0

  /// The loss of the training set at the initial parameters, where the loss at the end is far above it; otherwise nil.
  /// Collective.
  ///
  /// Two losses must both be far above it: the loss of the trained network, which dropout does not raise, and the mean
  /// loss of the last epoch's minibatches, which lagging running averages do not raise. The parameters that early
  /// stopping keeps are evaluated too. Where weights are learned a high loss on the given labels may be right, so it is
  /// not tested.
  func startLoss<Scalar: Real>(
    below result: RunResult, _ loop: TrainingLoop<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double? {
    guard !learnsWeights, let lastEpoch = loop.lastEpochLoss else { return nil }
    let end = min(result.trainingLoss, lastEpoch)
    // In nearly all trainings this settles the question without another pass over the data.
    guard end > loop.firstLoss ?? 0 else { return nil }
    let start = try loop.initialTrainingLoss(over: ranks)
    return start > 0 && end > Self.failedRatio * start ? start : nil
  }

  /// Messages for the user about a training that ended, but did not work. Collective.
  func notes<Scalar: Real>(
    on result: RunResult, _ all: CycledOutcome<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> [String] {
    var notes: [String] = []
    if let statistic = try all.loop.step.overflowInAverages(over: ranks) {
      let divergence = Divergence(
        statistic, step: all.outcome.steps, in: Scalar.precision, isStatistic: true, mayBeEarlier: true)
      notes.append(
        "note: \(divergence), and where it did parameters stand still; "
          + configuration.remedies(for: divergence, learnsWeights: learnsWeights))
    }
    if let start = result.initialTrainingLoss {
      notes.append(
        "note: the training loss ended at \(Self.shortened(result.trainingLoss)), above \(Self.shortened(start)) where it "
          + "began: training has not worked; \(configuration.remediesForHighLoss)")
    }
    return notes
  }

  /// A loss to three digits.
  private static func shortened(_ loss: Double) -> String {
    guard loss > 0 else { return "\(loss)" }
    let unit = pow(10, floor(log10(loss)) - 2)
    let rounded = (loss / unit).rounded() * unit
    return Int(exactly: rounded).map(String.init) ?? "\(Float(rounded))"
  }
}
