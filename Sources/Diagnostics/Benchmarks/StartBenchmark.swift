public import Configurations
internal import Datasets
private import Foundation
internal import Kernels
public import MPI
internal import Ranks
internal import Runs
internal import Training

/// The stages of a process from its start to its first training step, each with its time on the slowest rank.
public struct StartTimes: Sendable {
  public struct Stage: Sendable {
    public let name: String
    public let milliseconds: Double
  }

  public private(set) var stages: [Stage] = []
  private var last: Double

  /// - Parameter age: the age of the process, in milliseconds, when `stage` ended: the system gives its start to 10 ms.
  public init(_ stage: String, age: Double) {
    last = age
    stages = [Stage(name: stage, milliseconds: age)]
  }

  /// Ends a stage now.
  public mutating func end(_ stage: String, age: Double = ProcessAge.milliseconds) {
    stages.append(Stage(name: stage, milliseconds: age - last))
    last = age
  }

  public var total: Double { stages.reduce(0) { $0 + $1.milliseconds } }

  /// The longest times of all ranks. Collective.
  func slowest(on world: RankGroup) throws -> StartTimes {
    var times = self
    times.stages = try stages.map { stage in
      Stage(name: stage.name, milliseconds: try world.allGather(stage.milliseconds).max() ?? stage.milliseconds)
    }
    return times
  }
}

/// How long ago the system started this process.
public enum ProcessAge {
  /// In milliseconds, to one tick of the system's clock (10 ms); 0 where the system does not report it.
  public static var milliseconds: Double {
    // The name in parentheses may contain any character; after it, the start is the 20th field, in ticks since the
    // boot.
    guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
      let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 19,
      let ticks = Double(fields[19])
    else { return 0 }
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return 0 }
    return 1000 * (Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
  }
}

/// A training run from the start of the program to its first step, with the same stages as `train`, but without a run
/// folder.
public struct StartBenchmark {
  private let configuration: Configuration

  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Reads the data and takes one step. Collective.
  ///
  /// - Parameter times: the times of the earlier stages.
  public func measure(
    after times: StartTimes, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> StartTimes {
    try world.withGroup(for: configuration) { world in
      switch configuration.training.precision {
      case .float32: try measure(after: times, as: Float.self, on: world, describe: describe)
      case .float64: try measure(after: times, as: Double.self, on: world, describe: describe)
      }
    }
  }

  private func measure<Scalar: Real>(
    after before: StartTimes, as precision: Scalar.Type, on world: RankGroup,
    describe: ErrorDescription
  ) throws -> StartTimes {
    var times = before
    try world.agree(describe: describe) { try configuration.prepareProducts() }
    let problem = try world.agree(describe: describe) { try LearningProblem(configuration) }
    times.end("data")
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    times.end("comparison")
    if world.rank == 0 { _ = problem.split.fingerprint }
    times.end("hash")
    try world.withTrainingLoop(configuration, problem: problem, as: precision, describe: describe) { loop in
      times.end("network")
      let batch = loop.plan.minibatch(0)
      var order = EpochOrder(seed: configuration.training.seed, count: loop.plan.samples)
      order.shuffle(epoch: 1)
      _ = try loop.step.computeStatistics(
        order.positions.span.extracting(world.shard(batch)), samples: batch.count, epoch: 1, over: world)
      try loop.step.update(factor: 1, over: world)
      times.end("step")
    }
    return try times.slowest(on: world)
  }
}
