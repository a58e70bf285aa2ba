private import BLAS
private import Datasets
public import Kernels
public import MPI
private import Networks

/// What a step took: medians over the timed ones, of the slowest rank, in milliseconds; of steps that differ by turns
/// the mean over their cycle.
public struct StepTimes: Sendable {
  public var recipe: StepRecipe
  /// Samples, loss, statistics, their sums over the ranks, and the update.
  public var milliseconds: Double
  /// The fastest one, undisturbed by what else the machine does.
  public var fastest: Double
  /// The first and the third quartile.
  public var quartiles: [Double]
  /// The matrix products of such a step by OpenBLAS, on matrices of their own.
  public var products: Double
  public var fastestProducts: Double
  public var data: Double
  public var statistics: Double
  public var update: Double

  public var ratio: Double { milliseconds / products }
  public var fastestRatio: Double { fastest / fastestProducts }
}

/// What the steps of one network took.
public struct StepBenchmarkResult: Sendable {
  public var network: String
  /// The sizes of the dense layers.
  public var sizes: String
  public var precision: Precision
  /// The samples of a step, over all ranks.
  public var batch: Int
  public var threads: Int
  public var rows: [(times: StepTimes, memory: StepMemory)]
}

/// The time and the memory of a training step on all ranks, beside its matrix products alone.
///
/// The recipes take turns within a run, so that all see the same machine.
public struct StepBenchmark {
  /// The minibatches that the samples make up.
  private static let minibatches = 16

  public var recipes: [StepRecipe]
  /// In each of them every recipe takes four timed steps.
  public var turns: Int
  /// `key=value` pairs over those of the network and the recipe.
  public var settings: [String]

  public init(recipes: [StepRecipe], turns: Int, settings: [String]) {
    (self.recipes, self.turns, self.settings) = (recipes, turns, settings)
  }

  /// Times the recipes on one network. Collective.
  ///
  /// - Throws: `AgreedFailure` where a setting cannot be used or a loss is not finite.
  public func measure(
    _ network: BenchmarkNetwork, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32)
  ) throws -> StepBenchmarkResult {
    let configurations = try world.agree(describe: describe) {
      try recipes.map { try network.configuration($0, settings: settings) }
    }
    switch configurations.first?.training.precision {
    case .float32?, nil: return try measure(network, configurations, as: Float.self, on: world, describe: describe)
    case .float64?: return try measure(network, configurations, as: Double.self, on: world, describe: describe)
    }
  }

  private func measure<Scalar: Real>(
    _ network: BenchmarkNetwork, _ configurations: [Configuration], as precision: Scalar.Type,
    on world: borrowing Communicator, describe: (any Error) -> (message: String, code: Int32)
  ) throws -> StepBenchmarkResult {
    let training = configurations[0].training
    BLASLibrary.setThreads(training.blasThreads)
    func problem() throws -> LearningProblem {
      try world.agree(describe: describe) {
        try network.problem(configurations[0], samples: Self.minibatches * training.batch)
      }
    }
    let candidates = Array(zip(recipes, configurations))
    var sizes = ""
    let times = try with(candidates[...], try problem(), as: precision, on: world, describe: describe) { candidates in
      sizes = candidates[0].network.sizesText
      // The first turn touches memory for the first time.
      for turn in 0...turns {
        for candidate in candidates { try candidate.takeTurn(isTimed: turn > 0, on: world) }
      }
      return try candidates.map { try $0.result(on: world) }
    }
    let memories = try candidates.indices.map { index in
      try StepMemory(data: problem) { problem in
        try with(candidates[index...index], problem, as: precision, on: world, describe: describe) { alone in
          for _ in 0..<Self.minibatches { try alone[0].step(on: world) }
          return alone[0].sizes
        }
      }
    }
    return StepBenchmarkResult(
      network: network.name, sizes: sizes, precision: Scalar.precision, batch: training.batch,
      threads: training.blasThreads, rows: zip(times, memories).map { ($0, $1) })
  }

  /// Gives candidates to `body`, each with a training loop of its own, which lives until `body` ends. Collective.
  private func with<Scalar: Real, Result>(
    _ rest: ArraySlice<(StepRecipe, Configuration)>, _ problem: LearningProblem,
    as precision: Scalar.Type, on world: borrowing Communicator,
    describe: (any Error) -> (message: String, code: Int32), made: [StepCandidate<Scalar>] = [],
    _ body: ([StepCandidate<Scalar>]) throws -> Result
  ) throws -> Result {
    guard let (recipe, configuration) = rest.first else { return try body(made) }
    return try world.withTrainingLoop(
      configuration, problem: problem,
      plan: TrainingPlan(samples: problem.split.training.count, batch: configuration.training.batch, epochs: 1),
      as: precision, describe: describe
    ) { loop in
      let candidate = StepCandidate(recipe, configuration, loop: loop, ranks: world.ranks)
      return try with(
        rest.dropFirst(), problem, as: precision, on: world, describe: describe, made: made + [candidate], body)
    }
  }
}
