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

/// One that keeps what the user should know, and shows nothing.
final class NoteKeeper: RunObserver {
  private(set) var notes: [String] = []

  func note(_ text: String) { notes.append(text) }
  func follow(_ place: RunPlace) {}
  func begin(_ phase: String) {}
  func report(_ progress: TrainingProgress) {}
  func report(_ epoch: EpochReport) {}
}
