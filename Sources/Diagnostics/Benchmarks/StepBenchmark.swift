private import BLAS
internal import Configurations
private import Datasets
public import Kernels
public import MPI
internal import Networks
internal import Ranks
public import Training

/// The times of a step: medians over the timed steps, of the slowest rank, in milliseconds. Where steps of a cycle
/// differ, the mean over the cycle.
public struct StepTimes: Sendable {
  public var recipe: StepRecipe
  /// How the ranks combined their shares of the minibatch.
  public var reduction: Reduction
  /// The whole step: samples, loss, statistics, their sums over the ranks, and the update.
  public var milliseconds: Double
  /// The fastest step, the least disturbed by other programs.
  public var fastest: Double
  /// The first and the third quartile.
  public var quartiles: [Double]
  /// The matrix products of such a step, computed by OpenBLAS on separate matrices.
  public var products: Double
  public var fastestProducts: Double
  public var data: Double
  public var statistics: Double
  public var update: Double
  /// nil where curvature is not by unit.
  public var unitCost: UnitCost?

  /// What the refreshes of g and A, and the roots of A, add to a step: means over all steps.
  public struct UnitCost: Sendable {
    public var refresh, root: Double
  }

  public var ratio: Double { milliseconds / products }
  public var fastestRatio: Double { fastest / fastestProducts }
}

/// The times of the steps of one network.
public struct StepBenchmarkResult: Sendable {
  public var network: String
  /// The sizes of the dense layers.
  public var sizes: String
  public var precision: Precision
  /// The number of samples in a step, over all ranks.
  public var batch: Int
  public var threads: Int
  /// The kernels of OpenBLAS, with whose products the steps are compared.
  public var blasKernel: String
  public var rows: [(times: StepTimes, memory: StepMemory)]
}

/// The time and the memory of a training step on all ranks, beside its matrix products alone.
///
/// The recipes take turns within a run, so that all of them run under the same conditions.
public struct StepBenchmark {
  /// The number of minibatches in the samples.
  private static let minibatches = 16

  public var recipes: [StepRecipe]
  /// Whether each recipe is timed a second time, with sums by lanes.
  public var alsoReproducible: Bool
  /// The number of turns; in each turn every recipe takes at least four timed steps.
  public var turns: Int
  /// `key=value` pairs that override those of the network and the recipe.
  public var settings: [String]

  public init(recipes: [StepRecipe], alsoReproducible: Bool = false, turns: Int, settings: [String]) {
    (self.recipes, self.alsoReproducible) = (recipes, alsoReproducible)
    (self.turns, self.settings) = (turns, settings)
  }

  /// Times the recipes on one network. Collective.
  ///
  /// - Throws: `AgreedFailure` where a setting cannot be used or a loss is not finite.
  public func measure(
    _ network: BenchmarkNetwork, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> StepBenchmarkResult {
    let lanes = alsoReproducible ? [[], ["training.reproducible=true"]] : [[]]
    let candidates = try world.agree(describe: describe) {
      try recipes.flatMap { recipe in
        try lanes.map { (recipe, try network.configuration(recipe, settings: settings + $0)) }
      }
    }
    switch candidates.first?.1.training.precision {
    case .float32?, nil: return try measure(network, candidates, as: Float.self, on: world, describe: describe)
    case .float64?: return try measure(network, candidates, as: Double.self, on: world, describe: describe)
    }
  }

  private func measure<Scalar: Real>(
    _ network: BenchmarkNetwork, _ candidates: [(recipe: StepRecipe, configuration: Configuration)],
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> StepBenchmarkResult {
    let configurations = candidates.map(\.configuration)
    let training = configurations[0].training
    BLASLibrary.setThreads(training.threads)
    // A step is compared with OpenBLAS's products.
    let blas = try world.agree(describe: describe) { try BLASLibrary.open() }
    func problem() throws -> LearningProblem {
      try LearningProblem(randomFor: configurations[0], samples: Self.minibatches * training.batch)
    }
    /// Calls `body` with the candidate of one recipe; ranks may share its memory, which is gone after `body`.
    func withCandidate<Result>(
      _ index: Int, _ problem: LearningProblem, _ body: (StepCandidate<Scalar>) throws -> Result
    ) throws -> Result {
      let plan = TrainingPlan(
        samples: problem.split.training.count, batch: training.batch, lastBatch: .spread, epochs: 1)
      let configuration = configurations[index]
      return try world.withGroup(for: configuration) { group in
        try group.withTrainingLoop(configuration, problem: problem, plan: plan, describe: describe) {
          try body(StepCandidate(candidates[index].recipe, configuration, $0, group))
        }
      }
    }
    func withCandidates<Result>(
      _ problem: LearningProblem, made: [StepCandidate<Scalar>] = [], _ body: ([StepCandidate<Scalar>]) throws -> Result
    ) throws -> Result {
      guard made.count < candidates.count else { return try body(made) }
      return try withCandidate(made.count, problem) { try withCandidates(problem, made: made + [$0], body) }
    }
    let shared = try world.agree(describe: describe, problem)
    let (sizes, times) = try withCandidates(shared) { candidates in
      // The first turn touches the memory for the first time.
      for turn in 0...turns {
        for candidate in candidates { try candidate.takeTurn(isTimed: turn > 0) }
      }
      return (candidates[0].network.sizesText, try candidates.map { try $0.result() })
    }
    let memories = try candidates.indices.map { index in
      try StepMemory {
        try world.agree(describe: describe, problem)
      } training: { problem, look in
        try withCandidate(index, problem) { candidate in
          for _ in 0..<Self.minibatches { try candidate.step() }
          look(candidate.sizes)
        }
      }
    }
    return StepBenchmarkResult(
      network: network.name, sizes: sizes, precision: Scalar.precision, batch: training.batch,
      threads: training.threads, blasKernel: blas.coreName, rows: zip(times, memories).map { ($0, $1) })
  }
}
