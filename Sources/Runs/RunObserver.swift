public import Ranks
public import Training

/// Receives reports on the progress of a run, on rank 0.
public protocol RunObserver: AnyObject {
  /// A message for the user.
  func note(_ text: String)
  /// The object that holds the run's place; it can be read at any time, from any thread.
  func follow(_ place: RunPlace)
  /// The name of the part of a run that begins: a run that continues from a checkpoint, or a training for comparison.
  func begin(_ phase: String)
  /// Called after every step.
  func report(_ progress: TrainingProgress)
  /// Called after every epoch, after its validation and after the report of its last step.
  func report(_ epoch: EpochReport)
}
