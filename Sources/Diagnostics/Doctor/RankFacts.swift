private import Foundation
public import Ranks

/// The facts that one rank has about itself, its host and its inputs.
public struct RankFacts: Codable, Equatable, Sendable {
  public var rank = 0
  public var host = ""
  /// The identity of its machine; several hosts may be namespaces or containers of one machine.
  public var machine = ""
  /// Its number among the ranks that share memory with it, and the number of these ranks.
  public var localRank = 0
  public var localRanks = 1
  /// The cores on which the scheduler may run it.
  public var cores: [Int] = []
  /// The number of cores of its host.
  public var hostCores = 1
  /// The number of threads of a matrix product; where OpenBLAS provides them, the number that it has.
  public var threads = 1
  /// The vector instructions of the program's own kernels and, where it is used, OpenBLAS's kernel.
  public var kernel = ""
  public var mpi = ""
  /// Empty where it cannot be determined.
  public var transport = ""
  /// Whether it yields its core while it waits; nil where the library does not say.
  public var yields: Bool?
  /// The hash of the program's file.
  public var programSHA256 = ""
  /// The hash of all settings except the paths of the data.
  public var settingsSHA256 = ""
  /// nil where ``dataProblem`` gives the reason.
  public var dataSHA256: String?
  public var dataProblem: String?
  /// The bytes of one model's parameters; nil where there is no data.
  public var modelBytes: Int?
  /// The memory that it needs, and its limits; nil where there is no data.
  public var memory: MemoryFacts?
  /// The processor time that its control groups allow all their processes together.
  public var coreQuotas: [CoreQuota] = []
  /// The limit on threads of its host that leaves the fewest: the greatest number, and the present number; nil where
  /// there is no limit.
  public var threadLimit: ThreadLimit?
  /// The free bytes for windows of `reduction: node`; nil where the host has no place for them.
  public var sharedMemoryFree: Int?
  /// The bytes that its machine needs of these; nil where nothing is shared.
  public var sharedMemoryNeeded: Int?
  /// Whether it sees a file that rank 0 has written into the folder of the runs.
  public var seesRunFolder = true

  public init() {}

  /// The facts in the form for comparison with limits that ranks share.
  public var memoryCard: MemoryCard? {
    memory.map { MemoryCard(rank: rank, host: host, machine: machine, memory: $0) }
  }

  /// Whether it may use only some of its host's cores.
  public var isBound: Bool { cores.count < hostCores }
}

/// The remaining time of a Slurm job.
public enum SlurmTime {
  /// The seconds of a time left as `squeue -o %L` writes it: `4:59`, `23:04:59`, `1-03:00:00`; nil for words such as
  /// `UNLIMITED` and `INVALID`.
  public static func seconds(_ text: String) -> Int? {
    let days = text.split(separator: "-", omittingEmptySubsequences: false)
    guard days.count <= 2, let clock = days.last else { return nil }
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (2...3).contains(parts.count), parts.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else { return nil }
    let ofDays = days.count == 2 ? Int(days[0]) : 0
    guard let ofDays, ofDays >= 0 else { return nil }
    return parts.compactMap(\.self).reduce(0) { $0 * 60 + $1 } + ofDays * 86_400
  }

  /// The remaining seconds of a job according to Slurm's controller; nil where it does not answer within ten seconds,
  /// or there is no time limit.
  static func left(job: String) -> Int? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "10", "squeue", "--noheader", "--jobs=\(job)", "--format=%L"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let output = try? pipe.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    let lines = String(decoding: output ?? Data(), as: UTF8.self).split(separator: "\n")
    return lines.first.flatMap { seconds($0.trimmingCharacters(in: .whitespaces)) }
  }
}
