internal import MPI

/// A rank with its memory, for comparison with limits that several ranks share.
public struct MemoryCard: Codable, Equatable, Sendable {
  /// The bytes that a process needs beside everything counted: stacks, buffers of libraries, samples in transit.
  static let margin = 16 << 20
  /// The same margin for address space, of which the allocator reserves large areas where it can.
  static let reservedMargin = 64 << 20

  var rank: Int
  var host: String
  /// The identity of the rank's machine.
  var machine: String
  public var memory: MemoryFacts

  public init(rank: Int, host: String, machine: String, memory: MemoryFacts) {
    (self.rank, self.host, self.machine, self.memory) = (rank, host, machine, memory)
  }

  private var need: MemoryNeed { memory.need }
  private var present: ProcessState { memory.present }

  /// The bytes of private memory that the rank will use.
  var resident: Int {
    present.resident + need.resident + (rank == 0 ? need.checkpoint : 0) + Self.margin
  }

  /// The bytes of address space that the rank will use, and the bytes that RLIMIT_DATA counts among them.
  private var addressSpace: Int { present.addressSpace + grown + need.shared }
  private var data: Int { present.data + grown }
  private var grown: Int { need.reserved + (rank == 0 ? need.checkpoint : 0) + Self.reservedMargin }

  /// The bytes that ranks need together under a limit that they share.
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
  /// The card of this process.
  package init(own memory: MemoryFacts, rank: Int = 0) {
    self.init(rank: rank, host: MPILibrary.processorName, machine: RankPlacement.machine, memory: memory)
  }
}

/// The memory that a process uses now, the memory that it will need, and its limits.
public struct MemoryFacts: Codable, Equatable, Sendable {
  public var need: MemoryNeed
  var present: ProcessState
  var limits: [MemoryLimit]

  public init(need: MemoryNeed, present: ProcessState, limits: [MemoryLimit]) {
    (self.need, self.present, self.limits) = (need, present, limits)
  }

  /// The facts of this process, with the memory that it will need.
  package init(need: MemoryNeed) { self.init(need: need, present: .own, limits: MemoryLimit.own) }
}

/// The memory in bytes that a training needs on one rank beyond what the process already uses.
public struct MemoryNeed: Codable, Equatable, Sendable {
  /// Private memory that the rank touches.
  public var resident = 0
  /// The address space for private memory, including memory that the rank reserves and never touches.
  public var reserved = 0
  /// Memory that the ranks of a host share: counted once for the host.
  public var shared = 0
  /// The additional memory that rank 0 needs to write or read a checkpoint.
  public var checkpoint = 0
  /// The number of parameters, and the most samples that the rank gets of one minibatch; for messages.
  public var parameters = 0
  public var samples = 0

  public init(
    resident: Int = 0, reserved: Int = 0, shared: Int = 0, checkpoint: Int = 0, parameters: Int = 0, samples: Int = 0
  ) {
    (self.resident, self.reserved, self.shared, self.checkpoint) = (resident, reserved, shared, checkpoint)
    (self.parameters, self.samples) = (parameters, samples)
  }
}

/// The memory that this process uses now (proc_pid_status(5)).
public struct ProcessState: Codable, Equatable, Sendable {
  /// The address space, and the part of it that RLIMIT_DATA counts, in bytes.
  var addressSpace = 0
  var data = 0
  /// Resident memory that no file backs.
  var resident = 0

  public init(addressSpace: Int = 0, data: Int = 0, resident: Int = 0) {
    (self.addressSpace, self.data, self.resident) = (addressSpace, data, resident)
  }

  /// The state of this process.
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
