public import Configurations
public import Kernels
public import MPI
public import Ranks

extension RankGroup {
  /// Makes a training loop on all ranks, with the reduction that its settings ask for, and gives it to `body`. Collective.
  ///
  /// The parameters may lie in memory that ranks share: they are gone after `body`.
  ///
  /// - Parameters:
  ///   - problem: the same data on every rank.
  ///   - plan: how many steps; the configuration's epochs where nil.
  ///   - learning: made for the same problem; its steps need all sums on every rank.
  ///   - colour: for tests: ranks of one machine that pass different numbers are taken for ranks of different machines.
  /// - Throws: `AgreedFailure` where the settings do not fit the data or the machines.
  public func withTrainingLoop<Scalar: Real, Result>(
    _ configuration: Configuration, problem: LearningProblem, plan: TrainingPlan? = nil,
    learning: (any SampleWeighting<Scalar>)? = nil, colour: Int? = nil, as precision: Scalar.Type = Scalar.self,
    describe: ErrorDescription, _ body: (TrainingLoop<Scalar>) throws -> Result
  ) throws -> Result {
    let draft = try agree(describe: describe) {
      try TrainingDraft<Scalar>(configuration, problem: problem, plan: plan, ranks: ranks)
    }
    // What learns weights has its memory already.
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
