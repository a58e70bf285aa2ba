internal import MPI
internal import Ranks

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
