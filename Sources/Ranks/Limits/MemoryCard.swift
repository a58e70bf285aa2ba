internal import MPI

/// A rank with its memory, as it is compared with limits that others share.
public struct MemoryCard: Codable, Equatable, Sendable {
  /// What a process takes beside all that is counted: stacks, buffers of libraries, samples on their way.
  static let margin = 16 << 20
  /// The same of address space, of which the allocator reserves whole areas where it can.
  static let reservedMargin = 64 << 20

  var rank: Int
  var host: String
  /// What tells its machine from others.
  var machine: String
  public var memory: MemoryFacts

  public init(rank: Int, host: String, machine: String, memory: MemoryFacts) {
    (self.rank, self.host, self.machine, self.memory) = (rank, host, machine, memory)
  }

  private var need: MemoryNeed { memory.need }
  private var present: ProcessState { memory.present }

  /// The bytes of memory that the rank will have of its own.
  var resident: Int {
    present.resident + need.resident + (rank == 0 ? need.checkpoint : 0) + Self.margin
  }

  /// The bytes of address space, and of the part of it that RLIMIT_DATA counts.
  private var addressSpace: Int { present.addressSpace + grown + need.shared }
  private var data: Int { present.data + grown }
  private var grown: Int { need.reserved + (rank == 0 ? need.checkpoint : 0) + Self.reservedMargin }

  /// What ranks that share a limit need of it together.
  static func needed(_ kind: MemoryLimit.Kind, by members: [MemoryCard]) -> Int {
    switch kind {
    case .addressSpace: members.map(\.addressSpace).max() ?? 0
    case .data: members.map(\.data).max() ?? 0
    case .machine, .controlGroup, .slurm:
      members.reduce(0) { $0 + $1.resident }
        + Dictionary(grouping: members) { $0.machine + $0.host }.values.reduce(0) { sum, ranks in
          sum + (ranks.map(\.need.shared).max() ?? 0)
        }
    }
  }
}

extension MemoryCard {
  /// That of this process.
  package init(own memory: MemoryFacts, rank: Int = 0) {
    self.init(rank: rank, host: MPILibrary.processorName, machine: RankPlacement.machine, memory: memory)
  }
}
