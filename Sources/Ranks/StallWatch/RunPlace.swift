private import Synchronization

/// The phase of a run.
public enum RunPhase: Int, CaseIterable, Sendable {
  case settingUp, step, validation, checkpoint, end

  /// The phase's name in messages.
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

/// The place of a run: the computing thread writes it, the watch reads it. A note costs two relaxed stores.
public final class RunPlace: Sendable {
  private let presentStep = Atomic<Int>(0)
  private let presentPhase = Atomic<Int>(RunPhase.settingUp.rawValue)

  public init() {}

  /// Notes the phase that begins now, and its step, counted from 1.
  public func note(_ phase: RunPhase, step: Int) {
    presentStep.store(step, ordering: .relaxed)
    presentPhase.store(phase.rawValue, ordering: .relaxed)
  }

  public var step: Int { presentStep.load(ordering: .relaxed) }
  public var phase: RunPhase { RunPhase(rawValue: presentPhase.load(ordering: .relaxed)) ?? .settingUp }
}

/// The place of a rank at the moment when another rank asked.
public struct RankState: Equatable, Sendable {
  /// The number of calls into the MPI library that the rank has begun.
  public var calls: Int
  /// The MPI function that the rank is in; nil where it computes.
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
