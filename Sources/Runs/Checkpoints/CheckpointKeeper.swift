internal import Configurations
private import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Training

/// Decides between the steps of a run whether a checkpoint is due, and writes it.
struct CheckpointKeeper<Scalar: Real> {
  private let store: CheckpointStore
  private let run: RunConfiguration
  /// A checkpoint's record of the run, without the position.
  private let about: CheckpointState
  /// The models' input scaling as JSON.
  private let scaling: String

  private let clock = ContinuousClock()
  private var written: ContinuousClock.Instant
  private var vote = StepVote()

  init(_ folder: RunFolder, _ run: RunConfiguration, about: CheckpointState, scaling: String) {
    (store, self.run, self.about, self.scaling) = (CheckpointStore(folder), run, about, scaling)
    written = clock.now
  }

  /// Writes a checkpoint where one is due: by the settings, at the end, or after a signal. Collective.
  ///
  /// - Parameter metrics: on rank 0, the writer of the metrics, which flushes them to the disk and returns their size
  ///   in bytes.
  /// - Returns: whether to stop.
  /// - Throws: `AgreedFailure` where the checkpoint cannot be written: without space for a checkpoint a run would lose
  ///   all its later results, so it ends.
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

/// How the ranks agree between steps on events that only some of them know: that a signal has arrived, and that the
/// time for a checkpoint has come by rank 0's clock.
///
/// A vote takes the maximum over all ranks, once in as many steps as take about 20 ms. All ranks count steps alike, so
/// the other steps need no message. Where a step takes longer than 20 ms every step has a vote. On one machine a vote
/// takes microseconds, between hosts some tens of microseconds: less than a thousandth of the time.
struct StepVote {
  /// The result of a vote.
  struct Outcome: Equatable {
    var mustStop = false
    var isDue = false
  }

  private static let interval = Duration.milliseconds(20)

  private let clock = ContinuousClock()
  private var asked: ContinuousClock.Instant
  /// The steps from the last vote to the next, and the remaining ones of these.
  private var steps = 1
  private var stepsLeft = 1

  init() { asked = clock.now }

  /// Counts a step and, where a vote is due, asks the ranks. Collective.
  ///
  /// - Parameters:
  ///   - mustStop: whether this rank has a reason to stop.
  ///   - isDue: whether the time for a checkpoint has come; rank 0's value counts.
  mutating func ask(mustStop: Bool, isDue: Bool, on world: RankGroup) throws -> Outcome {
    guard world.ranks > 1 else { return Outcome(mustStop: mustStop, isDue: isDue) }
    stepsLeft -= 1
    guard stepsLeft == 0 else { return Outcome() }
    let now = clock.now
    let isFirst = world.rank == 0
    // At most twice as many steps as before: one quick step does not delay the next vote for long.
    let next = min(2 * Double(steps), Double(steps) * (Self.interval / max(asked.duration(to: now), .nanoseconds(1))))
    var answers = [mustStop ? 1 : 0, isFirst && isDue ? 1 : 0, isFirst ? max(1, next.rounded(.down)) : 0]
    try world.communicator.allReduceMax(&answers)
    asked = clock.now
    steps = Int(min(answers[2], 1e6))
    stepsLeft = steps
    return Outcome(mustStop: answers[0] > 0, isDue: answers[1] > 0)
  }
}
