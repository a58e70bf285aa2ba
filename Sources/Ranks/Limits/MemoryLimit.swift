private import Foundation
internal import MPI

/// How much memory processes may take together, and which processes.
public struct MemoryLimit: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable {
    /// The machine's own memory.
    case machine
    /// `memory.max` or `memory.limit_in_bytes` of a control group.
    case controlGroup
    /// `--mem` of a Slurm job: what it may take of each host, whether or not a control group enforces it.
    case slurm
    /// RLIMIT_AS and RLIMIT_DATA, which count what a process reserves.
    case addressSpace, data
  }

  var kind: Kind
  var bytes: Int
  /// The control group's name.
  var name = ""
  /// The same for all processes that share the limit; empty for a limit of one process.
  var place: String

  public init(kind: Kind, bytes: Int, name: String = "", place: String) {
    (self.kind, self.bytes, self.name, self.place) = (kind, bytes, name, place)
  }

  /// Those of this process.
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

  /// What a Slurm job may take of each host (sbatch(1), `SLURM_MEM_PER_NODE` and `SLURM_MEM_PER_CPU`, in MiB, 0 for all);
  /// nil where it may take all.
  public static func slurmBytes(environment: (String) -> String?) -> Int? {
    func number(_ name: String) -> Int? { environment(name).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }
    guard environment("SLURM_JOB_ID") != nil else { return nil }
    let ofCores = number("SLURM_MEM_PER_CPU").flatMap { each in
      number("SLURM_CPUS_ON_NODE").map { each.multipliedReportingOverflow(by: $0) }
    }.flatMap { $0.overflow ? nil : $0.partialValue }
    guard let mebibytes = number("SLURM_MEM_PER_NODE") ?? ofCores, mebibytes < 1 << 40 else { return nil }
    return mebibytes << 20
  }

  /// The part of a sentence that says what the limit is.
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

  /// All limits of some ranks, in their order.
  static func all(of cards: [MemoryCard]) -> [SharedLimit] {
    var found: [SharedLimit] = []
    var places: [String: Int] = [:]
    for card in cards {
      for limit in card.memory.limits {
        // One of single processes gives the same sentence for all ranks of a host that have it.
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

  /// What is too little, in one sentence; nil where it is enough.
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

  /// `12 GiB`, rounded so that what is too little looks too little.
  private static func size(_ bytes: Int, up: Bool) -> String {
    let (unit, name) = bytes >= 10 << 30 ? (0x1p30, "GiB") : (0x1p20, "MiB")
    return "\(Int((Double(bytes) / unit).rounded(up ? .up : .down))) \(name)"
  }
}

extension MemoryCard {
  /// What is too little for some ranks, in one sentence; nil where all have enough.
  public static func refusal(of cards: [MemoryCard]) -> String? {
    SharedLimit.all(of: cards).lazy.compactMap(\.refusal).first
  }

  /// Of the limits the one that is nearest to what is needed: how much that is, and how much there is.
  public static func tightest(of cards: [MemoryCard]) -> (needed: Int, limit: Int)? {
    func use(_ shared: SharedLimit) -> Double { Double(shared.needed) / Double(shared.limit.bytes) }
    return SharedLimit.all(of: cards).max { use($0) < use($1) }.map { ($0.needed, $0.limit.bytes) }
  }
}
