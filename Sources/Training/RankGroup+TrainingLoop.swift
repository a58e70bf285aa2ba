public import Configurations
public import Kernels
public import MPI
public import Ranks

extension RankGroup {
  /// Makes a training loop on all ranks, with the reduction that its settings ask for, and calls `body` with it.
  /// Collective.
  ///
  /// The parameters may lie in memory that ranks share: they are gone after `body`.
  ///
  /// - Parameters:
  ///   - problem: the same data on every rank.
  ///   - plan: the steps to take; nil for the configuration's epochs.
  ///   - learning: made for the same problem; its steps need all sums on every rank.
  ///   - colour: for tests: ranks of one machine that pass different numbers count as ranks of different machines.
  /// - Throws: `AgreedFailure` where the settings do not fit the data or the machines.
  public func withTrainingLoop<Scalar: Real, Result>(
    _ configuration: Configuration, problem: LearningProblem, plan: TrainingPlan? = nil,
    learning: (any SampleWeighting<Scalar>)? = nil, colour: Int? = nil, as precision: Scalar.Type = Scalar.self,
    describe: ErrorDescription, _ body: (TrainingLoop<Scalar>) throws -> Result
  ) throws -> Result {
    let draft = try agree(describe: describe) {
      try TrainingDraft<Scalar>(configuration, problem: problem, plan: plan, ranks: ranks)
    }
    // A training that learns weights was checked for memory before.
    guard learning == nil else { return try body(TrainingLoop(draft, learning: learning)) }
    try communicator.requireMemory(for: draft)
    return try communicator.withNodeMemory(for: draft, pieceBytes: pieceBytes, colour: colour) { memory in
      try body(TrainingLoop(draft, learning: nil, memory: memory))
    }
  }
}

extension Communicator {
  /// The memory that the ranks of a machine share for a training, see
  /// ``withNodeMemory(for:inputShape:capacity:pieceBytes:colour:_:)``.
  package func withNodeMemory<Scalar: Real, Result>(
    for draft: TrainingDraft<Scalar>, pieceBytes: Int?, colour: Int? = nil,
    _ body: (NodeMemory<Scalar>?) throws -> Result
  ) throws -> Result {
    try withNodeMemory(
      for: draft.configuration, inputShape: draft.problem.shape, capacity: draft.capacity, pieceBytes: pieceBytes,
      colour: colour, body)
  }
}
