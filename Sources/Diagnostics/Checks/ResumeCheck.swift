public import Configurations
private import Datasets
private import Foundation
internal import Kernels
public import MPI
private import Networks
internal import Ranks
internal import Reweighting
public import RunRecords
internal import Runs
internal import Training

/// Checks whether a training that is interrupted and resumed from a checkpoint ends with the same bits as an
/// uninterrupted one, on all ranks and on half of them; where the training is reproducible, also from one number of
/// ranks to the other.
public struct ResumeCheck: Sendable {
  /// The number of steps, and the number of steps before the interruption.
  public var steps: Int
  public var brokenAfter: Int

  /// - Precondition: the interruption comes before the last step.
  public init(steps: Int = 20, brokenAfter: Int? = nil) {
    self.steps = steps
    self.brokenAfter = brokenAfter ?? steps / 2
    precondition(0 < self.brokenAfter && self.brokenAfter < steps, "a training is broken off between two steps")
  }

  /// One resumed training beside the uninterrupted training that it should equal.
  public struct Comparison: Codable, Sendable {
    /// The ranks before and after the interruption, and the ranks of the uninterrupted training.
    public let brokenOn: Int
    public let resumedOn: Int
    public let unbrokenOn: Int
    public let tensors: Int
    public let bytes: Int
    /// The hash of all tensors of the resumed training.
    public let sha256: String
    /// The first tensor that differs, with its file and the first element that differs; nil where all are equal.
    @OrNull public var difference: String?
  }

  public struct Result: Codable, Sendable {
    public let steps: Int
    public let brokenAfter: Int
    /// Whether different numbers of ranks were compared too.
    public let reproducible: Bool
    public let comparisons: [Comparison]

    public var holds: Bool { comparisons.allSatisfy { $0.difference == nil } }
  }

  /// Trains on all ranks and on half of them, with checkpoints in a temporary folder. Collective.
  ///
  /// - Parameters:
  ///   - learnsWeights: whether to learn weights as well, in the first cycle.
  /// - Returns: on rank 0 the result; nil on the other ranks.
  /// - Throws: `AgreedFailure`, also where the training diverges.
  public func run(
    _ configuration: Configuration, learnsWeights: Bool, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> Result? {
    try world.requireSame(configuration)
    return switch configuration.training.precision {
    case .float32: try check(configuration, learnsWeights, as: Float.self, on: world, describe: describe)
    case .float64: try check(configuration, learnsWeights, as: Double.self, on: world, describe: describe)
    }
  }

  private func check<Scalar: Real>(
    _ configuration: Configuration, _ learnsWeights: Bool, as precision: Scalar.Type,
    on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> Result? {
    let scratch = RunFolder(path: FileManager.default.temporaryDirectory.path + "/rp-dist-\(UUID().uuidString)")
    defer { if world.rank == 0 { try? FileManager.default.removeItem(atPath: scratch.path) } }
    let (run, problem) = try world.agree(describe: describe) {
      try configuration.prepareProducts()
      let run =
        learnsWeights
        ? try TrainingRun(learningWeightsOf: configuration, version: "", preset: "")
        : TrainingRun(configuration, version: "", preset: "")
      if world.rank == 0 {
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
      }
      return (run, try LearningProblem(configuration))
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")

    /// Trains a part on the first ranks and returns the checkpoint at its end; nil on ranks without files.
    func train(on ranks: Int, from start: Checkpoint?, upTo end: Int) throws -> Checkpoint? {
      let outcome = try world.onPart(Array(0..<ranks)) { group in
        // The other ranks wait for the end of these, even if it is an error.
        Swift.Result {
          try group.withGroup(for: run.configuration) { group in
            try Stretch<Scalar>(check: self, run: run, problem: problem, scratch: scratch)
              .train(from: start, upTo: end, on: group, describe: describe)
          }
        }
      }
      return try world.agree(describe: describe) { try outcome?.get() ?? nil }
    }
    let isReproducible = configuration.training.reproducible
    let counts = world.ranks > 1 ? [world.ranks, (world.ranks + 1) / 2] : [1]
    var comparisons: [Comparison] = []
    var unbroken: [Checkpoint?] = []
    for count in counts { unbroken.append(try train(on: count, from: nil, upTo: steps)) }
    for (first, brokenOn) in counts.enumerated() {
      let broken = try train(on: brokenOn, from: nil, upTo: brokenAfter)
      for (second, resumedOn) in counts.enumerated() where first == second || isReproducible {
        let resumed = try train(on: resumedOn, from: broken, upTo: steps)
        for (third, unbrokenOn) in counts.enumerated() where third == second || isReproducible {
          guard let resumed, let whole = unbroken[third] else { continue }
          comparisons.append(
            Comparison(resumed, whole, brokenOn: brokenOn, resumedOn: resumedOn, unbrokenOn: unbrokenOn))
        }
      }
    }
    guard world.rank == 0 else { return nil }
    return Result(steps: steps, brokenAfter: brokenAfter, reproducible: isReproducible, comparisons: comparisons)
  }
}

/// A part of a training, from its start or from a checkpoint.
private struct Stretch<Scalar: Real> {
  let check: ResumeCheck
  let run: TrainingRun
  let problem: LearningProblem
  let scratch: RunFolder

  func train(
    from start: Checkpoint?, upTo end: Int, on group: RankGroup,
    describe: ErrorDescription
  ) throws -> Checkpoint? {
    let (labelled, learning) = try group.agree(describe: describe) {
      () throws -> (LearningProblem, WeightLearning<Scalar>?) in
      guard run.learnsWeights else { return (problem, nil) }
      let (labelled, learning): (LearningProblem, WeightLearning<Scalar>) = try run.weighted(
        problem, ranks: group.ranks)
      return (labelled, learning)
    }
    let plan = TrainingPlan(samples: labelled.split.training.count, run.configuration.training, steps: check.steps)
    return try group.withTrainingLoop(
      run.configuration, problem: labelled, plan: plan, learning: learning, as: Scalar.self, describe: describe
    ) { loop in
      try OpenedRun(start, folder: scratch, on: group).restore(on: group) { try loop.exchange(with: $0) }
      let outcome = try loop.run(over: group, between: { $0.steps == end })
      if let step = outcome.divergedAtStep {
        throw AgreedFailure(
          code: ExitCode.failed,
          message: "training diverged: the loss is not finite at step \(step)"
            + (outcome.divergence.map { ": \($0)" } ?? "") + "; there is nothing to compare")
      }
      let state = CollectedState(isKept: group.rank == 0)
      try loop.exchange(with: state)
      let scaling = try problem.map.json
      return try group.agree(describe: describe) { () throws -> Checkpoint? in
        guard group.rank == 0 else { return nil }
        var about = try run.about(problem, ranks: group.ranks)
        about.step = loop.position.steps
        let store = CheckpointStore(scratch)
        let path = try store.write(about, state.tensors, metadata: Models(loop, scaling: scaling).metadata)
        return try Checkpoint(contentsOf: path, step: about.step)
      }
    }
  }
}

extension ResumeCheck.Comparison {
  fileprivate init(_ one: Checkpoint, _ other: Checkpoint, brokenOn: Int, resumedOn: Int, unbrokenOn: Int) {
    (self.brokenOn, self.resumedOn, self.unbrokenOn) = (brokenOn, resumedOn, unbrokenOn)
    let all = CollectedState.File.allCases.flatMap { one.tensors[$0] ?? [] }
    tensors = all.count
    bytes = all.reduce(0) { $0 + $1.byteCount }
    sha256 = one.tensorsSHA256
    difference = one.firstDifference(from: other)
  }
}
