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
