private import Synchronization

/// What a run is doing.
public enum RunPhase: Int, CaseIterable, Sendable {
  case settingUp, step, validation, checkpoint, end

  /// As messages say it.
  public var name: String {
    switch self {
    case .settingUp: "setting up"
    case .step: "a step"
    case .validation: "validation"
    case .checkpoint: "a checkpoint"
    case .end: "the end of the run"
    }
  }
}

/// Where a run is: written by the computing thread, read by the watch. A note costs two relaxed stores.
public final class RunPlace: Sendable {
  private let presentStep = Atomic<Int>(0)
  private let presentPhase = Atomic<Int>(RunPhase.settingUp.rawValue)

  public init() {}

  /// Notes what comes now, and the step that it belongs to, counted from 1.
  public func note(_ phase: RunPhase, step: Int) {
    presentStep.store(step, ordering: .relaxed)
    presentPhase.store(phase.rawValue, ordering: .relaxed)
  }

  public var step: Int { presentStep.load(ordering: .relaxed) }
  public var phase: RunPhase { RunPhase(rawValue: presentPhase.load(ordering: .relaxed)) ?? .settingUp }
}

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
