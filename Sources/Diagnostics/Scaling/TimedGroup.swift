internal import Kernels
internal import MPI
internal import Ranks
internal import Training

/// A group of ranks whose sums record how long the ranks waited for each other and how long the sums themselves took.
///
/// To separate the two, every sum needs a barrier before it. Therefore this is done in separate steps, not in the steps
/// whose total time is measured.
final class TimedGroup: GlobalSum {
  private let group: Communicator
  private let pieceBytes: Int?
  /// Whether waiting and summing are timed separately.
  var isTakingApart = false
  /// Seconds in barriers before sums, and in sums.
  private(set) var waiting = 0.0
  private(set) var reducing = 0.0

  /// - Parameter pieceBytes: the size in bytes of the pieces in which vectors are added up; nil: whole.
  init(_ group: consuming Communicator, pieceBytes: Int?) {
    self.group = group
    self.pieceBytes = pieceBytes
  }

  var rank: Int { group.rank }
  var ranks: Int { group.ranks }

  func sum(_ values: Vector<Float>) throws { try timed { try allReduce(values) } }
  func sum(_ values: Vector<Double>) throws { try timed { try allReduce(values) } }

  func sumNonNegative(_ values: Vector<Float>, through exchange: BFloat16Exchange) throws {
    try timed { try group.sumNonNegative(values, through: exchange) }
  }

  private func allReduce<Scalar: Real & MPIScalar>(_ values: Vector<Scalar>) throws {
    try values.withMutableSpan { try group.allReduceSum(&$0, pieceBytes: pieceBytes) }
  }

  /// Calls `body` with the memory that the ranks of a machine share, where the configuration asks for it. Collective.
  func withNodeMemory<Scalar: Real, Result>(
    for draft: TrainingDraft<Scalar>, _ body: (NodeMemory<Scalar>?) throws -> Result
  ) throws -> Result {
    try group.withNodeMemory(for: draft, pieceBytes: pieceBytes, body)
  }

  private func timed(_ sum: () throws -> Void) throws {
    guard isTakingApart else { return try sum() }
    let clock = ContinuousClock()
    let start = clock.now
    try group.barrier()
    let together = clock.now
    try sum()
    waiting += start.duration(to: together) / .seconds(1)
    reducing += together.duration(to: clock.now) / .seconds(1)
  }

  /// Resets the times.
  func reset() { (waiting, reducing) = (0, 0) }

  func barrier() throws { try group.barrier() }
  func allReduceMax(_ values: inout [Double]) throws { try group.allReduceMax(&values) }
  func allGather(_ value: Double) throws -> [Double] { try group.allGather(value) }
  func affordable(seconds: Double, each: Double, from least: Int, to most: Int) throws -> Int {
    try group.affordable(seconds: seconds, each: each, from: least, to: most)
  }

  /// Frees the group, which must not be used afterwards. Collective.
  func free() throws { try group.free() }
}

extension Communicator {
  /// Runs `body` on some of the ranks, as a separate group, while the other ranks sleep. Collective.
  ///
  /// - Parameter members: the numbers of these ranks, ascending; the same on every rank.
  /// - Returns: the result of `body`; nil on the other ranks.
  func onPart<Result>(
    _ members: [Int], _ body: (borrowing Communicator) throws -> Result
  ) throws -> Result? {
    var result: Result?
    if let group = try part(colour: members.contains(rank) ? 0 : nil) {
      result = try body(group)
      try group.free()
    }
    try barrierAsleep()
    return result
  }

  /// How often an operation can be repeated in a time, by the slowest rank's time; the same on every rank. Collective.
  func affordable(seconds: Double, each: Double, from least: Int, to most: Int) throws -> Int {
    var slowest = [each]
    try allReduceMax(&slowest)
    return max(least, Int(min(Double(most), seconds / max(slowest[0], 1e-9))))
  }
}
