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
