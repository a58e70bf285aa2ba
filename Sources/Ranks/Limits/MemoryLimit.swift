private import Foundation
internal import MPI

/// A limit on memory, and the processes that share it.
public struct MemoryLimit: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable {
    /// The machine's own memory.
    case machine
    /// `memory.max` or `memory.limit_in_bytes` of a control group.
    case controlGroup
    /// `--mem` of a Slurm job: the memory that the job may use on each host, whether or not a control group enforces
    /// it.
    case slurm
    /// RLIMIT_AS and RLIMIT_DATA, which count the memory that a process reserves.
    case addressSpace, data
  }

  var kind: Kind
  var bytes: Int
  /// The control group's name.
  var name = ""
  /// The identity of the limit: the same for all processes that share it, empty for a limit of one process.
  var place: String

  public init(kind: Kind, bytes: Int, name: String = "", place: String) {
    (self.kind, self.bytes, self.name, self.place) = (kind, bytes, name, place)
  }

  /// The limits of this process.
  static var own: [MemoryLimit] {
    let machine = RankPlacement.machine
    var limits = [
      MemoryLimit(kind: .machine, bytes: Int(ProcessInfo.processInfo.physicalMemory), place: machine)
    ]
    limits += ControlGroups().memoryLimits.map { limit in
      MemoryLimit(
        kind: .controlGroup, bytes: limit.value, name: limit.group.name,
        place: "\(machine) \(limit.group.identity ?? limit.group.folder)")
    }
    if let bytes = slurmBytes(environment: Launcher.environment) {
      let place = "\(machine) \(MPILibrary.processorName) \(Launcher.environment("SLURM_JOB_ID") ?? "")"
      limits.append(MemoryLimit(kind: .slurm, bytes: bytes, place: place))
    }
    let process = ProcessLimits.own
    if let bytes = process.addressSpace { limits.append(MemoryLimit(kind: .addressSpace, bytes: bytes, place: "")) }
    if let bytes = process.data { limits.append(MemoryLimit(kind: .data, bytes: bytes, place: "")) }
    return limits
  }

  /// The memory that a Slurm job may use on each host (sbatch(1), `SLURM_MEM_PER_NODE` and `SLURM_MEM_PER_CPU`, in MiB,
  /// 0 for no limit); nil where there is no limit.
  public static func slurmBytes(environment: (String) -> String?) -> Int? {
    func number(_ name: String) -> Int? { environment(name).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }
    guard environment("SLURM_JOB_ID") != nil else { return nil }
    let ofCores = number("SLURM_MEM_PER_CPU").flatMap { each in
      number("SLURM_CPUS_ON_NODE").map { each.multipliedReportingOverflow(by: $0) }
    }.flatMap { $0.overflow ? nil : $0.partialValue }
    guard let mebibytes = number("SLURM_MEM_PER_NODE") ?? ofCores, mebibytes < 1 << 40 else { return nil }
    return mebibytes << 20
  }

  /// The words that name the limit in a message.
  func text(host: String) -> String {
    switch kind {
    case .machine: "\(host) has"
    case .controlGroup: "the control group \(name) of \(host) allows"
    case .slurm: "the Slurm job has of \(host)"
    case .addressSpace: "RLIMIT_AS (ulimit -v) allows a process of \(host)"
    case .data: "RLIMIT_DATA (ulimit -d) allows a process of \(host)"
    }
  }

  var remedy: String {
    switch kind {
    case .machine: ""
    case .controlGroup: ", or ask for more memory (sbatch --mem, docker run --memory)"
    case .slurm: ", or ask for more memory (sbatch --mem)"
    case .addressSpace: ", or raise the limit (ulimit -v unlimited)"
    case .data: ", or raise the limit (ulimit -d unlimited)"
    }
  }
}

/// A limit with the ranks that share it.
struct SharedLimit {
  var limit: MemoryLimit
  var members: [MemoryCard]

  var needed: Int { MemoryCard.needed(limit.kind, by: members) }
  var isEnough: Bool { needed <= limit.bytes }

  /// All limits of some ranks, in the order of the ranks.
  static func all(of cards: [MemoryCard]) -> [SharedLimit] {
    var found: [SharedLimit] = []
    var places: [String: Int] = [:]
    for card in cards {
      for limit in card.memory.limits {
        // Limits of single processes are merged: all ranks of a host with the same limit get one message.
        let key = "\(limit.kind) " + (limit.place.isEmpty ? "\(limit.bytes) \(card.host)" : limit.place)
        if let place = places[key] {
          found[place].members.append(card)
        } else {
          places[key] = found.count
          found.append(SharedLimit(limit: limit, members: [card]))
        }
      }
    }
    return found
  }

  /// The message where the memory is too small, in one sentence; nil where it suffices.
  var refusal: String? {
    guard !isEnough, let first = members.first else { return nil }
    let isOfProcess = limit.kind == .addressSpace || limit.kind == .data
    let who =
      members.count == 1 || isOfProcess
      ? "a rank needs \(Self.size(needed, up: true))"
      : "\(members.count) ranks together need \(Self.size(needed, up: true))"
    return
      "network: with its \(first.memory.need.parameters) weights and \(first.memory.need.samples) samples of a batch on a rank, "
      + "\(who) of memory, but \(limit.text(host: first.host)) \(Self.size(limit.bytes, up: false)); make the network or "
      + "training.batch smaller" + (members.count > 1 && !isOfProcess ? ", start fewer ranks on each host" : "")
      + limit.remedy
  }

  /// `12 GiB`: needs are rounded up and limits down, so that a limit below the need also looks smaller.
  private static func size(_ bytes: Int, up: Bool) -> String {
    let (unit, name) = bytes >= 10 << 30 ? (0x1p30, "GiB") : (0x1p20, "MiB")
    return "\(Int((Double(bytes) / unit).rounded(up ? .up : .down))) \(name)"
  }
}

extension MemoryCard {
  /// The message for the first limit that is too small, in one sentence; nil where all ranks have enough.
  public static func refusal(of cards: [MemoryCard]) -> String? {
    SharedLimit.all(of: cards).lazy.compactMap(\.refusal).first
  }

  /// The limit with the greatest share in use: the bytes that are needed, and the bytes of the limit.
  public static func tightest(of cards: [MemoryCard]) -> (needed: Int, limit: Int)? {
    func use(_ shared: SharedLimit) -> Double { Double(shared.needed) / Double(shared.limit.bytes) }
    return SharedLimit.all(of: cards).max { use($0) < use($1) }.map { ($0.needed, $0.limit.bytes) }
  }
}
