internal import Configurations
private import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Training

/// Decides between the steps of a run when a checkpoint is due, and writes it.
struct CheckpointKeeper<Scalar: Real> {
  private let store: CheckpointStore
  private let run: RunConfiguration
  /// What a checkpoint says of the run, but for the place.
  private let about: CheckpointState
  /// The scaling of the models' inputs as JSON.
  private let scaling: String

  private let clock = ContinuousClock()
  private var written: ContinuousClock.Instant
  private var vote = StepVote()

  init(_ folder: RunFolder, _ run: RunConfiguration, about: CheckpointState, scaling: String) {
    (store, self.run, self.about, self.scaling) = (CheckpointStore(folder), run, about, scaling)
    written = clock.now
  }

  /// Writes a checkpoint where one is due: by the settings, at the end, or because a signal has come. Collective.
  ///
  /// - Parameter metrics: on rank 0, puts what is recorded on the disk and says how many bytes it has.
  /// - Returns: whether to stop.
  /// - Throws: `AgreedFailure` where it cannot be written: without room for a checkpoint a run would lose what it goes on to
  ///   compute, so it ends.
  mutating func keep(
    _ loop: TrainingLoop<Scalar>, at place: CyclePlace, metrics: MetricsWriter?,
    on world: RankGroup, describe: ErrorDescription
  ) throws -> Bool {
    let position = loop.position
    let agreed = try vote.ask(
      mustStop: StopSignals.haveCome, isDue: isDue(by: clock.now), on: world)
    guard agreed.mustStop || agreed.isDue || isDue(at: position) || position.isOver(loop.plan) else { return false }
    try write(loop, at: place, metrics: metrics, on: world, describe: describe)
    return agreed.mustStop
  }

  private func isDue(by now: ContinuousClock.Instant) -> Bool {
    guard case .seconds(let seconds) = run.checkpointEvery else { return false }
    return written.duration(to: now) >= .seconds(seconds)
  }

  private func isDue(at position: TrainingPosition) -> Bool {
    switch run.checkpointEvery {
    case .off, .seconds: false
    case .steps(let count): position.steps.isMultiple(of: count)
    case .epochs(let count): position.stepInEpoch == 0 && (position.epoch - 1).isMultiple(of: count)
    }
  }

  private mutating func write(
    _ loop: TrainingLoop<Scalar>, at place: CyclePlace, metrics: MetricsWriter?,
    on world: RankGroup, describe: ErrorDescription
  ) throws {
    let step = place.steps + loop.position.steps
    loop.place.note(.checkpoint, step: step)
    let collected = CollectedState(isKept: world.rank == 0)
    var place = place
    try place.exchange(with: collected)
    try loop.exchange(with: collected)
    try world.agree(describe: describe) {
      guard world.rank == 0 else { return }
      var state = about
      (state.step, state.epochs) = (step, loop.position.epoch - 1)
      (state.seconds, state.cycles) = (place.seconds + loop.position.seconds, place.results)
      state.written = Date().ISO8601Format()
      state.metricsBytes = try metrics?.sync() ?? 0
      try store.write(state, collected.tensors, metadata: Models(loop, scaling: scaling).metadata)
      store.prune(upTo: step, keeping: run.keep)
    }
    written = clock.now
  }
}

/// How the ranks agree between steps on what only some of them know: that a signal has come, and that time is up by the
/// first rank's clock.
///
/// A greatest number of all ranks, once in as many steps as take some 20 ms: the ranks count steps alike, so nothing travels
/// with the others. Where steps take longer it is every step. On a machine a vote takes microseconds, between hosts some
/// tens: less than a thousandth of the time.
struct StepVote {
  /// What was agreed.
  struct Outcome: Equatable {
    var mustStop = false
    var isDue = false
  }

  private static let interval = Duration.milliseconds(20)

  private let clock = ContinuousClock()
  private var asked: ContinuousClock.Instant
  /// The steps from the last vote to the next, and those that are left of them.
  private var steps = 1
  private var stepsLeft = 1

  init() { asked = clock.now }

  /// Counts a step and, where it is time to, asks the ranks. Collective.
  ///
  /// - Parameters:
  ///   - mustStop: whether this rank has a reason to stop.
  ///   - isDue: whether time is up; that of rank 0 counts.
  mutating func ask(mustStop: Bool, isDue: Bool, on world: RankGroup) throws -> Outcome {
    guard world.ranks > 1 else { return Outcome(mustStop: mustStop, isDue: isDue) }
    stepsLeft -= 1
    guard stepsLeft == 0 else { return Outcome() }
    let now = clock.now
    let isFirst = world.rank == 0
    // At most twice as many as before: one quick step does not put the next vote off for long.
    let next = min(2 * Double(steps), Double(steps) * (Self.interval / max(asked.duration(to: now), .nanoseconds(1))))
    var answers = [mustStop ? 1 : 0, isFirst && isDue ? 1 : 0, isFirst ? max(1, next.rounded(.down)) : 0]
    try world.communicator.allReduceMax(&answers)
    asked = clock.now
    steps = Int(min(answers[2], 1e6))
    stepsLeft = steps
    return Outcome(mustStop: answers[0] > 0, isDue: answers[1] > 0)
  }
}
