public import Configurations
public import MPI
internal import Ranks

/// Measures what an allreduce takes between the ranks of a job, on the hosts where they run.
public struct NetworkBenchmark: Sendable {
  /// 4 B to 16 MiB, each four times the one before.
  public static let sizes = (1...12).map { 1 << (2 * $0) }

  /// The bytes of the allreduces.
  public var sizes: [Int]
  /// The most allreduces of one size that are timed.
  public var repeats: Int
  /// What the sizes of one group may take together, about; every size is timed three times at least.
  public var seconds: Double

  public init(sizes: [Int] = sizes, repeats: Int = 1000, seconds: Double = 10) {
    (self.sizes, self.repeats, self.seconds) = (sizes, repeats, seconds)
  }

  /// Times all ranks and, where they are on several hosts, those of one host and one of each host. Collective.
  ///
  /// - Parameter pieceBytes: in pieces of how many bytes they add up; nil: whole.
  func measure(pieceBytes: Int?, on world: borrowing Communicator) throws -> NetworkReport {
    let placement = try RankPlacement(of: world)
    let all = Array(0..<world.ranks)
    let isSpread = placement.distinctHosts.count > 1 && placement.ranksPerHost > 1
    let fullest = placement.distinctHosts.map { placement.ranks(on: $0) }.max { $0.count < $1.count } ?? []
    return NetworkReport(
      placement, pieceBytes: pieceBytes, world: try measure(all, pieceBytes, of: world),
      node: isSpread ? try measure(fullest, pieceBytes, of: world) : nil,
      cross: isSpread ? try measure(placement.hostLeaders, pieceBytes, of: world) : nil)
  }

  /// The same in the pieces that settings ask for. Collective.
  public func measure(inPieces size: PieceSize, on world: borrowing Communicator) throws -> NetworkReport {
    try measure(pieceBytes: try world.pieceBytes(size), on: world)
  }

  /// Times some of the ranks while the others sleep. Collective.
  ///
  /// - Returns: nil for a single rank, which has nobody to reduce with.
  private func measure(
    _ members: [Int], _ pieceBytes: Int?, of world: borrowing Communicator
  ) throws -> NetworkReport.Group? {
    guard members.count > 1 else { return nil }
    let times = try world.onPart(members) { group in
      let isCrowded = try RankPlacement(of: group).isOversubscribed
      return NetworkReport.Group(ranks: group.ranks, oversubscribed: isCrowded, times: try time(group, pieceBytes))
    }
    return try world.shared(times, from: members[0])
  }

  private func time(_ group: borrowing Communicator, _ pieceBytes: Int?) throws -> [NetworkReport.Time] {
    let clock = ContinuousClock()
    return try sizes.map { bytes in
      var values = [Float](repeating: 0, count: max(1, bytes / MemoryLayout<Float>.stride))
      func once() throws -> Double {
        try group.barrier()
        return try clock.measure {
          var span = values.mutableSpan
          try group.allReduceSum(&span, pieceBytes: pieceBytes)
        } / .seconds(1)
      }
      // The first ones connect the ranks and touch the memory.
      _ = try once()
      let repeats = try group.affordable(
        seconds: seconds / Double(sizes.count), each: min(try once(), try once()), from: 3, to: max(3, repeats))
      var seconds = try (0..<repeats).map { _ in try once() }
      try group.allReduceMax(&seconds)
      // A clock may stand still for less than its resolution.
      return NetworkReport.Time(
        bytes: values.count * MemoryLayout<Float>.stride, repeats: repeats, median: max(1e-9, median(seconds)),
        minimum: max(1e-9, seconds.min() ?? 0))
    }
  }
}
