internal import Configurations
internal import Kernels
internal import MPI
private import Networks
internal import Ranks
internal import Training

/// Steps that are timed in rounds, in turn with those of other numbers of ranks, so that all of them run under the same
/// conditions.
protocol TimedSubject {
  /// Finds the number of repeats for each round that the time allows; the first repeats connect the ranks and touch the
  /// memory. Collective over the participating ranks.
  func prepare(seconds: Double, repeats: Int, rounds: Int) throws
  /// Collective over the participating ranks.
  func takeRound() throws
}

/// The computations of some ranks at the same time, each on its own batch.
final class ComputeSubject<Scalar: Real>: TimedSubject {
  private let group: Communicator
  private let step: TimedStep<Scalar>
  private let samples: Int
  private var turns = 0
  private var times: [(statistics: Double, update: Double)] = []

  /// - Parameter isSpread: whether ranks are on several machines, between which sums travel before the update.
  init(_ configuration: Configuration, samples: Int, group: consuming Communicator, isSpread: Bool) throws {
    step = TimedStep(try TrainingDraft(randomFor: configuration, batch: samples, ranks: 1), keepsSums: isSpread)
    self.samples = samples
    self.group = group
  }

  func prepare(seconds: Double, repeats: Int, rounds: Int) throws {
    var last = 0.0
    for _ in 0..<step.cycles(ofSteps: 3) {
      let time = try step.take(samples: samples, over: SingleRank())
      last = time.statistics + time.update
    }
    turns = try group.affordable(
      seconds: seconds / Double(rounds), each: last * Double(step.cycle), from: 1,
      to: step.cycles(ofSteps: (repeats + rounds - 1) / rounds))
  }

  func takeRound() throws {
    for _ in 0..<turns {
      try group.barrier()
      times.append(try step.take(samples: samples, over: SingleRank()))
    }
  }

  /// The times of the slowest rank; frees the group. Collective over the participating ranks.
  func point(_ statistic: Statistic) throws -> ComputeCost.Point {
    var slowest = [statistic(times.map(\.statistics)), statistic(times.map(\.update))]
    try group.allReduceMax(&slowest)
    try group.free()
    // Where the product kernel updates the weights, no separate update remains that is independent of the samples.
    return step.movesWithSums
      ? ComputeCost.Point(samples: samples, statistics: slowest[0] + slowest[1], update: 0)
      : ComputeCost.Point(samples: samples, statistics: slowest[0], update: slowest[1])
  }
}

/// The result for steps: how many were timed, the median and the least seconds of the slowest rank, and the shares of the
/// parts.
struct StepResult: Codable {
  var repeats: Int
  var step: Double
  var least: Double
  var shares: ScalingReport.Shares
  var sharesMemory: Bool
}

/// The steps of some ranks together.
final class StepSubject<Scalar: Real>: TimedSubject {
  private let group: TimedGroup
  private let step: TimedStep<Scalar>
  private let floor: MatrixProductFloor<Scalar>
  /// The number of samples over all ranks.
  private let samples: Int
  private var turns = 0
  /// The times of undisturbed steps, and of the products alone: means over a cycle.
  private var times: [Double] = []
  private var products: [Double] = []
  /// The number and the total time of steps whose reductions first wait for all ranks.
  private var takenApart = 0
  private var whole = 0.0

  /// - Parameter memory: the memory that ranks of a machine share, made for the draft.
  init(_ draft: TrainingDraft<Scalar>, _ memory: NodeMemory<Scalar>?, over group: TimedGroup) {
    step = TimedStep(draft, memory: memory)
    samples = draft.plan.batch
    floor = MatrixProductFloor(step.network, samples: max(1, group.shard(0..<samples).count))
    self.group = group
  }

  func prepare(seconds: Double, repeats: Int, rounds: Int) throws {
    var last = 0.0
    for _ in 0..<step.cycles(ofSteps: 3) { last = try once() }
    turns = try group.affordable(
      seconds: seconds / Double(rounds), each: last * Double(step.cycle), from: 1,
      to: step.cycles(ofSteps: (repeats + rounds - 1) / rounds))
  }

  func takeRound() throws {
    for _ in 0..<turns { times.append(try once()) }
    let clock = ContinuousClock()
    group.isTakingApart = true
    for _ in 0..<(turns + 1) / 2 {
      try group.barrier()
      whole += try once() * Double(step.cycle)
      takenApart += step.cycle
    }
    group.isTakingApart = false
    for _ in 0..<(turns + 1) / 2 {
      try group.barrier()
      // The number of steps in a cycle, from one with Ẅ to the next.
      let time = clock.measure {
        for turn in 0..<step.cycle { floor.run(withCurvature: step.needsCurvature && turn == 0) }
      }
      products.append(time / .seconds(step.cycle))
    }
  }

  private func once() throws -> Double {
    let time = try step.take(samples: samples, over: group)
    return time.statistics + time.update
  }

  /// Collective over the participating ranks.
  func result() throws -> StepResult {
    let shares = try shares()
    var slowest = [median(times), times.min() ?? 0]
    try group.allReduceMax(&slowest)
    return StepResult(
      repeats: times.count * step.cycle, step: slowest[0], least: slowest[1], shares: shares,
      sharesMemory: step.sharesMemory)
  }

  private func shares() throws -> ScalingReport.Shares {
    // Means over the ranks, for each part separately, since a rank that computes less waits more.
    func mean(_ value: Double) throws -> Double { try group.allGather(value).reduce(0, +) / Double(group.ranks) }
    let count = Double(takenApart)
    let (step, waiting, reduction) = (
      try mean(whole / count), try mean(group.waiting / count),
      try mean(group.reducing / count)
    )
    let computing = max(0, step - waiting - reduction)
    let product = min(computing, try mean(median(products)))
    return ScalingReport.Shares(
      products: product / step, elementwise: (computing - product) / step, reduction: reduction / step,
      waiting: waiting / step)
  }
}

extension ScalingBenchmark {
  /// The batch sizes to which the compute time is fitted.
  static func sampleCounts(batch: Int) -> [Int] {
    Set([1, batch / 8, batch / 4, batch / 2, batch, 2 * batch].filter { $0 > 0 }).sorted()
  }

  /// The number of rounds in which all subjects take turns.
  static var rounds: Int { 5 }

  /// Times all subjects in turn, while the ranks that do not take part in a subject sleep. Collective.
  ///
  /// - Parameter subjects: in the same order on every rank; nil where the rank takes no part.
  func time(_ subjects: [(any TimedSubject)?], on world: borrowing Communicator) throws {
    for subject in subjects {
      try subject?.prepare(seconds: seconds, repeats: repeats, rounds: Self.rounds)
      try world.barrierAsleep()
    }
    for _ in 0..<Self.rounds {
      for subject in subjects {
        try subject?.takeRound()
        try world.barrierAsleep()
      }
    }
  }
}

extension Network {
  /// The sizes of its dense layers, such as `784-400-10`.
  var sizesText: String {
    let outputs = layout.blocks.filter { $0.shape.count == 2 }.map { $0.shape[0] }
    return ([inputs] + outputs).map(String.init).joined(separator: "-")
  }
}
