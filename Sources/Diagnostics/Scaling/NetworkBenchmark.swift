public import Configurations
public import MPI
internal import Ranks

/// Measures the time of an allreduce between the ranks of a job, on the hosts where they run.
public struct NetworkBenchmark: Sendable {
  /// 4 B to 16 MiB, each four times the one before.
  public static let sizes = (1...12).map { 1 << (2 * $0) }

  /// The sizes of the allreduces in bytes.
  public var sizes: [Int]
  /// The most timed allreduces of one size.
  public var repeats: Int
  /// The approximate time for all sizes of one group; every size is timed at least three times.
  public var seconds: Double

  public init(sizes: [Int] = sizes, repeats: Int = 1000, seconds: Double = 10) {
    (self.sizes, self.repeats, self.seconds) = (sizes, repeats, seconds)
  }

  /// Times all ranks and, where they are on several hosts, the ranks of one host, and one rank of each host.
  /// Collective.
  ///
  /// - Parameter pieceBytes: the size in bytes of the pieces in which sums are added up; nil: whole.
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

  /// The same with the pieces that a setting asks for. Collective.
  public func measure(inPieces size: PieceSize, on world: borrowing Communicator) throws -> NetworkReport {
    try measure(pieceBytes: try world.pieceBytes(size), on: world)
  }

  /// Times some of the ranks while the others sleep. Collective.
  ///
  /// - Returns: nil for a single rank, which has no partner.
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
      // The first allreduces connect the ranks and touch the memory.
      _ = try once()
      let repeats = try group.affordable(
        seconds: seconds / Double(sizes.count), each: min(try once(), try once()), from: 3, to: max(3, repeats))
      var seconds = try (0..<repeats).map { _ in try once() }
      try group.allReduceMax(&seconds)
      // A clock may show 0 for times below its resolution.
      return NetworkReport.Time(
        bytes: values.count * MemoryLayout<Float>.stride, repeats: repeats, median: max(1e-9, median(seconds)),
        minimum: max(1e-9, seconds.min() ?? 0))
    }
  }
}
