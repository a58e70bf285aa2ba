private import Foundation
public import MPI

/// Where the ranks of a job run: on which hosts, and on how many cores.
public struct RankPlacement: Equatable, Sendable {
  /// The host of each rank, as MPI names it.
  public let hosts: [String]
  /// For each rank, the identity of its machine. Several hosts may be namespaces or containers of one machine.
  let machines: [String]
  /// For each rank, the cores that it may run on.
  let cores: [Set<Int>]

  public init(hosts: [String], machines: [String], cores: [Set<Int>]) {
    precondition(hosts.count == machines.count && hosts.count == cores.count, "every rank is somewhere")
    (self.hosts, self.machines, self.cores) = (hosts, machines, cores)
  }

  /// The placement of all ranks of a group. Collective.
  public init(of group: borrowing Communicator) throws {
    let own = Self.allowedCores().map(String.init).joined(separator: " ")
    let cores = try group.allGather(own).map { Set($0.split(separator: " ").compactMap { Int($0) }) }
    self.init(
      hosts: try group.allGather(MPILibrary.processorName), machines: try group.allGather(Self.machine), cores: cores)
  }

  /// The identity of this process's machine: Linux gives each boot an ID; on other systems each host counts as a
  /// machine.
  package static var machine: String {
    let boot = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id")
    return boot.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) }
      ?? MPILibrary.processorName
  }

  public var ranks: Int { hosts.count }

  /// The placement of the first `ranks` ranks alone.
  public func prefix(_ ranks: Int) -> RankPlacement {
    RankPlacement(
      hosts: Array(hosts.prefix(ranks)), machines: Array(machines.prefix(ranks)), cores: Array(cores.prefix(ranks)))
  }

  /// The hosts, each once, in the order of their first ranks.
  public var distinctHosts: [String] {
    var seen: Set<String> = []
    return hosts.filter { seen.insert($0).inserted }
  }

  /// The numbers of the ranks on a host.
  public func ranks(on host: String) -> [Int] { hosts.indices.filter { hosts[$0] == host } }

  /// The most ranks on one host.
  public var ranksPerHost: Int { distinctHosts.map { ranks(on: $0).count }.max() ?? 0 }

  /// The first rank of every host.
  public var hostLeaders: [Int] { distinctHosts.compactMap { hosts.firstIndex(of: $0) } }

  /// The cores that the ranks of a host may use together.
  public func coreCount(of host: String) -> Int {
    ranks(on: host).reduce(into: Set<Int>()) { $0.formUnion(cores[$1]) }.count
  }

  /// The number of ranks for each core on the most loaded machine, at least 1. Above 1 ranks are oversubscribed and
  /// wait for each other's time slices.
  public var load: Double {
    Set(machines).map { machine in
      let ranks = machines.indices.filter { machines[$0] == machine }
      let cores = ranks.reduce(into: Set<Int>()) { $0.formUnion(self.cores[$1]) }
      return Double(ranks.count) / Double(max(1, cores.count))
    }.reduce(1, max)
  }

  /// Whether some machine has more ranks than cores.
  public var isOversubscribed: Bool { load > 1 }

  /// The cores on which the scheduler may run this process: Linux's `Cpus_allowed_list: 0-3,8`.
  package static func allowedCores() -> [Int] {
    let status = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) }
    let line = status?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let cores = line.map { Self.cores(inList: String($0.dropFirst("Cpus_allowed_list:".count))) } ?? []
    return cores.isEmpty ? Array(0..<ProcessInfo.processInfo.activeProcessorCount) : cores
  }

  /// The numbers of a list such as `0-3,8`.
  public static func cores(inList list: String) -> [Int] {
    list.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }
}
