public import Ranks
public import Training

/// Who is told how a run goes, on rank 0.
public protocol RunObserver: AnyObject {
  /// What the user should know of the run.
  func note(_ text: String)
  /// Where the run can be looked for at any time, from any thread.
  func follow(_ place: RunPlace)
  /// Before a part of the run, its name: that it goes on from a checkpoint, or a training that is compared with the first.
  func begin(_ phase: String)
  /// After every step.
  func report(_ progress: TrainingProgress)
  /// After every epoch, when the report of its last step has been followed by validation.
  func report(_ epoch: EpochReport)
}
