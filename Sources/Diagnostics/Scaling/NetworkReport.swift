internal import Configurations
private import Foundation
internal import Ranks
public import RunRecords

/// The statistic that represents several times of the same work.
public enum Statistic: String, Codable, CaseIterable, Sendable {
  case median
  /// The speed of the machine without the disturbance by other programs.
  case least

  func callAsFunction(_ times: [Double]) -> Double { self == .median ? Diagnostics.median(times) : times.min() ?? 0 }
}

/// The times of allreduces between a job's hosts: `rp-dist bench network --json` prints them and `bench scaling` reads
/// them.
public struct NetworkReport: Codable, Equatable, Sendable {
  /// Allreduces of one size.
  public struct Time: Codable, Equatable, Sendable {
    public var bytes: Int
    public var repeats: Int
    /// On the slowest rank in each repeat, in seconds.
    public var median: Double
    public var minimum: Double

    public init(bytes: Int, repeats: Int, median: Double, minimum: Double) {
      (self.bytes, self.repeats, self.median, self.minimum) = (bytes, repeats, median, minimum)
    }
  }

  /// A group of ranks with the times of its allreduces.
  public struct Group: Codable, Equatable, Sendable {
    public var ranks: Int
    public var oversubscribed: Bool
    public var times: [Time]
    /// α and β of an allreduce of this group, from the medians.
    public var cost: LinearCost
    /// The median of |fit / median − 1| over the sizes.
    public var deviation: Double
    /// α and β from the least times: the speed of the network where other programs disturb most of the allreduces.
    public var leastCost: LinearCost

    public init(ranks: Int, oversubscribed: Bool, times: [Time]) {
      (self.ranks, self.oversubscribed, self.times) = (ranks, oversubscribed, times)
      let points = times.map { (x: Double($0.bytes), time: $0.median) }
      cost = LinearCost(fittedTo: points)
      deviation = median(cost.deviations(from: points))
      leastCost = LinearCost(fittedTo: times.map { (x: Double($0.bytes), time: $0.minimum) })
    }

    /// The cost of a message between two of its ranks, from the medians or from the least times.
    ///
    /// - Parameter pieceBytes: the report's.
    public func link(_ statistic: Statistic, pieceBytes: Int?) -> Link {
      Link(ofAllReduce: statistic == .median ? cost : leastCost, ranks: ranks, pieceBytes: pieceBytes)
    }
  }

  public struct Host: Codable, Equatable, Sendable {
    public var name: String
    public var ranks: Int
    /// The number of cores on which its ranks may run.
    public var cores: Int
  }

  public var program = "rp-dist bench network"
  public var hosts: [Host]
  public var ranks: Int
  public var oversubscribed: Bool
  /// The size in bytes of the pieces in which sums were added up; nil where they were whole.
  public var pieceBytes: Int?
  /// All ranks; nil for a single rank.
  @OrNull public var world: Group?
  /// The ranks of one host, where there are several hosts and this one has several ranks.
  @OrNull public var node: Group?
  /// One rank of each host, where there are several hosts with several ranks.
  @OrNull public var cross: Group?

  init(_ placement: RankPlacement, pieceBytes: Int?, world: Group?, node: Group?, cross: Group?) {
    self.pieceBytes = pieceBytes
    hosts = placement.distinctHosts.map {
      Host(name: $0, ranks: placement.ranks(on: $0).count, cores: placement.coreCount(of: $0))
    }
    (ranks, oversubscribed) = (placement.ranks, placement.isOversubscribed)
    (self.world, self.node, self.cross) = (world, node, cross)
  }

  /// The link between two ranks of a host; nil where no host has two.
  public func nodeLink(_ statistic: Statistic) -> Link? {
    (hosts.count == 1 ? world : node)?.link(statistic, pieceBytes: pieceBytes)
  }

  /// The link between two hosts; nil where there is one host.
  public func crossLink(_ statistic: Statistic) -> Link? {
    hosts.count == 1 ? nil : (cross ?? world)?.link(statistic, pieceBytes: pieceBytes)
  }

  /// Reads the output of `bench network --json`.
  ///
  /// - Throws: ``UnreadableFile``; ``BrokenNetworkFile`` for a file with other content.
  public init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { throw UnreadableFile(path: path) }
    guard let report = try? JSONDecoder().decode(NetworkReport.self, from: data),
      [report.world, report.node, report.cross].allSatisfy({ $0.map(\.isPossible) ?? true })
    else {
      throw BrokenNetworkFile(path: path)
    }
    self = report
  }
}

extension NetworkReport.Group {
  /// Whether the numbers can come from a measurement.
  fileprivate var isPossible: Bool {
    ranks > 1
      && [cost, leastCost].allSatisfy { $0.fixed.isFinite && $0.slope.isFinite && $0.fixed >= 0 && $0.slope >= 0 }
  }
}

/// The file given for a network is not a network report.
public struct BrokenNetworkFile: Error, CustomStringConvertible {
  public let path: String

  public var description: String {
    "\(path) is not what 'rp-dist bench network --json' prints; write it anew with that command"
  }
}
