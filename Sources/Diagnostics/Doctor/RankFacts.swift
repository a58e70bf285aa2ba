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
