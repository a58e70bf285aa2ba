/// Who is told how a run goes, on every rank.
public protocol RunObserver: AnyObject {
  /// On rank 0, what the user should know of a run that goes on.
  func note(_ text: String)
  /// On rank 0, before a training that is compared with the first, its name.
  func begin(_ phase: String)
  /// On rank 0, after every step.
  func report(_ progress: TrainingProgress)
}

/// One that says nothing.
final class SilentObserver: RunObserver {
  func note(_ text: String) {}
  func begin(_ phase: String) {}
  func report(_ progress: TrainingProgress) {}
}
