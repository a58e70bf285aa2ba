public import Configurations
private import Datasets
private import Kernels
public import MPI
internal import Ranks
private import RunRecords
public import Runs
internal import Training

/// Checks whether all ranks hold the same parameters, bit by bit, while a configuration is trained.
public struct ReplicaCheck: Sendable {
  /// The number of training steps; the parameters are compared after each step.
  public var steps: Int

  public init(steps: Int = 10) { self.steps = steps }

  public struct Result: Codable, Sendable {
    public let ranks: Int
    public let steps: Int
    public let parameters: Int
    /// The hash of the parameters after the last step, in the configuration's precision.
    public let sha256: String
  }

  /// Trains on all ranks, without a run folder. Collective.
  ///
  /// - Parameters:
  ///   - run: a run whose model is the start of the training; nil for new parameters of the configuration.
  /// - Throws: `AgreedFailure`, which names the ranks that differ from rank 0 where some do.
  public func run(
    _ configuration: Configuration, run: SavedRun?, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> Result {
    try world.requireSame(configuration)
    return try world.withGroup(for: configuration) { world in
      switch configuration.training.precision {
      case .float32: try check(configuration, run, as: Float.self, on: world, describe: describe)
      case .float64: try check(configuration, run, as: Double.self, on: world, describe: describe)
      }
    }
  }

  private func check<Scalar: Real>(
    _ configuration: Configuration, _ run: SavedRun?, as precision: Scalar.Type, on world: RankGroup,
    describe: ErrorDescription
  ) throws -> Result {
    let (problem, trained) = try world.agree(describe: describe) {
      try configuration.prepareProducts()
      let trained = try run?.load(as: precision)
      return (try trained?.problem ?? LearningProblem(configuration), trained)
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    let plan = TrainingPlan(samples: problem.split.training.count, configuration.training, steps: steps)
    return try world.withTrainingLoop(configuration, problem: problem, plan: plan, as: precision, describe: describe) {
      loop in
      if let trained { try loop.step.restoreParameters(from: trained.model.parameters) }
      var fingerprint = try replicaFingerprint(loop.step.parameters, after: 0, over: world)
      let outcome = try loop.run(over: world) { progress in
        fingerprint = try replicaFingerprint(loop.step.parameters, after: progress.step, over: world)
      }
      if let step = outcome.divergedAtStep {
        throw AgreedFailure(
          code: ExitCode.failed,
          message: "training diverged: the loss is not finite at step \(step)"
            + (outcome.divergence.map { ": \($0)" } ?? "") + "; the replicas were equal up to there")
      }
      return Result(
        ranks: world.ranks, steps: outcome.steps, parameters: loop.step.parameters.count, sha256: fingerprint)
    }
  }
}
