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

/// What a process has of memory, what it will need, and what it may take.
public struct MemoryFacts: Codable, Equatable, Sendable {
  public var need: MemoryNeed
  var present: ProcessState
  var limits: [MemoryLimit]

  public init(need: MemoryNeed, present: ProcessState, limits: [MemoryLimit]) {
    (self.need, self.present, self.limits) = (need, present, limits)
  }

  /// Those of this process, with what it will need.
  package init(need: MemoryNeed) { self.init(need: need, present: .own, limits: MemoryLimit.own) }
}

/// The memory that a training takes of one rank beside what its process has already, in bytes.
public struct MemoryNeed: Codable, Equatable, Sendable {
  /// What the rank touches for itself.
  public var resident = 0
  /// The address space of that: also what it reserves and never touches.
  public var reserved = 0
  /// What the ranks of its host share: there once.
  public var shared = 0
  /// What rank 0 takes more to write a checkpoint, or to read one.
  public var checkpoint = 0
  /// The parameters, and the most samples that the rank gets of one minibatch, for messages.
  public var parameters = 0
  public var samples = 0

  public init(
    resident: Int = 0, reserved: Int = 0, shared: Int = 0, checkpoint: Int = 0, parameters: Int = 0, samples: Int = 0
  ) {
    (self.resident, self.reserved, self.shared, self.checkpoint) = (resident, reserved, shared, checkpoint)
    (self.parameters, self.samples) = (parameters, samples)
  }
}

/// The memory that this process has now, as proc_pid_status(5) tells.
public struct ProcessState: Codable, Equatable, Sendable {
  /// Address space and its part that RLIMIT_DATA counts, in bytes.
  var addressSpace = 0
  var data = 0
  /// What is in memory and has no file that it could be read from again.
  var resident = 0

  public init(addressSpace: Int = 0, data: Int = 0, resident: Int = 0) {
    (self.addressSpace, self.data, self.resident) = (addressSpace, data, resident)
  }

  /// That of this process.
  static var own: ProcessState {
    var state = ProcessState()
    for line in ControlGroups.lines("/proc/self/status") {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard words.count > 1, let number = Int(words[1]) else { continue }
      switch words[0] {
      case "VmSize:": state.addressSpace = number << 10
      case "VmData:": state.data = number << 10
      case "RssAnon:", "RssShmem:": state.resident += number << 10
      default: break
      }
    }
    return state
  }
}
