internal import MPI

extension Communicator {
  /// Runs `body` on some of the ranks, which are a group of their own there, while the others sleep. Collective.
  ///
  /// - Parameter members: numbers of ranks, ascending; the same on every rank.
  /// - Returns: what `body` returns; nil on the other ranks.
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

  /// How often something can be repeated in a time, by the greatest of the ranks' times; the same on every rank.
  /// Collective.
  func affordable(seconds: Double, each: Double, from least: Int, to most: Int) throws -> Int {
    var slowest = [each]
    try allReduceMax(&slowest)
    return max(least, Int(min(Double(most), seconds / max(slowest[0], 1e-9))))
  }
}
