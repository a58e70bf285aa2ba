/// Where a rank was when another one asked.
public struct RankState: Equatable, Sendable {
  /// How many calls into the MPI library it has begun.
  public var calls: Int
  /// The function that it is in; nil where it computes.
  public var operation: String?
  public var step: Int
  public var phase: RunPhase

  public init(calls: Int, operation: String?, step: Int, phase: RunPhase) {
    (self.calls, self.operation, self.step, self.phase) = (calls, operation, step, phase)
  }

  /// "at step 7 (validation) in MPI_Allreduce"
  var place: String {
    (phase == .settingUp ? "setting up" : phase == .step ? "at step \(step)" : "at step \(step) (\(phase.name))")
      + (operation.map { " in \($0)" } ?? "")
  }
}
