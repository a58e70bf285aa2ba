private import Foundation
public import Ranks

/// What one rank knows of itself, its host and its inputs.
public struct RankFacts: Codable, Equatable, Sendable {
  public var rank = 0
  public var host = ""
  /// What tells its machine from others; several hosts may be namespaces or containers of one.
  public var machine = ""
  /// Its number among the ranks that share memory with it, and how many these are.
  public var localRank = 0
  public var localRanks = 1
  /// The cores that the scheduler may put it on.
  public var cores: [Int] = []
  /// The cores of its host.
  public var hostCores = 1
  /// The threads of a matrix product; where OpenBLAS makes some of them, those that it has.
  public var threads = 1
  /// The vector instructions of the program's own kernels and, where it is used, OpenBLAS's kernel.
  public var kernel = ""
  public var mpi = ""
  /// Empty where it cannot be told.
  public var transport = ""
  /// Whether it leaves its core to others while it waits; nil where the library does not tell.
  public var yields: Bool?
  /// Of the program's file.
  public var programSHA256 = ""
  /// Of all settings but the place of the data.
  public var settingsSHA256 = ""
  /// nil where ``dataProblem`` says why.
  public var dataSHA256: String?
  public var dataProblem: String?
  /// Of one model's parameters; nil where there is no data.
  public var modelBytes: Int?
  /// What it needs of memory, and what it may take; nil where there is no data.
  public var memory: MemoryFacts?
  /// The processor time that its control groups give all processes in them.
  public var coreQuotas: [CoreQuota] = []
  /// How many threads there may be on its host and how many there are, by the limit that leaves the fewest; nil where there
  /// is none.
  public var threadLimit: ThreadLimit?
  /// Bytes for windows of `reduction: node`; nil where the host has no place for them.
  public var sharedMemoryFree: Int?
  /// What its machine needs of that; nil where nothing is shared.
  public var sharedMemoryNeeded: Int?
  /// Whether it sees a file that rank 0 has put where the run folders are.
  public var seesRunFolder = true

  public init() {}

  /// The same for comparisons with limits that ranks share.
  public var memoryCard: MemoryCard? {
    memory.map { MemoryCard(rank: rank, host: host, machine: machine, memory: $0) }
  }

  /// Whether it may run on some of its host's cores only.
  public var isBound: Bool { cores.count < hostCores }
}

/// How long a Slurm job may still run.
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

  /// What Slurm's controller says of a job; nil where it does not answer within ten seconds, or there is no end.
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
