private import Glibc
internal import Kernels
internal import RunRecords
internal import Training

extension TrainingRun {
  /// How often the loss at the end must be that at the start for a training to count as failed.
  ///
  /// A training that works ends below its start, and one that learns nothing ends near it.
  private static let failedRatio = 2.0

  /// The loss of the training set at the first parameters, where that at the end is far above it; else nil. Collective.
  ///
  /// Above it must be both the loss of the trained network, which dropout does not raise, and the mean loss of the last
  /// epoch's minibatches, which running averages that lag do not raise. The parameters that early stopping keeps are evaluated
  /// too. Where weights are learned a high loss on the given labels may be right: then it is not evaluated.
  func startLoss<Scalar: Real>(
    below result: RunResult, _ loop: TrainingLoop<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double? {
    guard !learnsWeights, let lastEpoch = loop.lastEpochLoss else { return nil }
    let end = min(result.trainingLoss, lastEpoch)
    // Nearly always this says that all is well, without another look at the data.
    guard end > loop.firstLoss ?? 0 else { return nil }
    let start = try loop.initialTrainingLoss(over: ranks)
    return start > 0 && end > Self.failedRatio * start ? start : nil
  }

  /// What the user should know of a training that came to its end, but did not work. Collective.
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

  /// A loss in three digits.
  private static func shortened(_ loss: Double) -> String {
    guard loss > 0 else { return "\(loss)" }
    let unit = pow(10, floor(log10(loss)) - 2)
    let rounded = (loss / unit).rounded() * unit
    return Int(exactly: rounded).map(String.init) ?? "\(Float(rounded))"
  }
}
