private import Glibc

/// The limits that the system sets for this process: getrlimit(2).
struct ProcessLimits: Sendable {
  /// RLIMIT_AS and RLIMIT_DATA in bytes (`ulimit -v`, `ulimit -d`); nil where there is no limit.
  var addressSpace: Int?
  var data: Int?
  /// RLIMIT_NPROC (`ulimit -u`): the number of threads that the user may have in all; nil where there is no limit. It
  /// does not apply to root.
  var threads: Int?

  /// The limits of this process.
  static var own: ProcessLimits {
    func limit(_ resource: __rlimit_resource) -> Int? {
      var limit = rlimit()
      guard unsafe getrlimit(CInt(resource.rawValue), &limit) == 0, limit.rlim_cur < 1 << 60 else { return nil }
      return Int(limit.rlim_cur)
    }
    return ProcessLimits(
      addressSpace: limit(RLIMIT_AS), data: limit(RLIMIT_DATA), threads: geteuid() == 0 ? nil : limit(__RLIMIT_NPROC))
  }
}

/// The memory that the program needs to start, before it reads anything: with less, libraries end the process without a
/// message.
public enum StartRequirement {
  /// Measured, then rounded up: 90 MiB of address space, of which 44 MiB are data.
  private static let (addressSpace, data) = (128 << 20, 64 << 20)

  /// Why the program cannot start under the limits of this process, in one sentence; nil where it can.
  public static var refusal: String? {
    let limits = ProcessLimits.own
    for (limit, least, name, option) in [
      (limits.addressSpace, addressSpace, "RLIMIT_AS", "-v"), (limits.data, data, "RLIMIT_DATA", "-d"),
    ] {
      guard let limit, limit < least else { continue }
      return "\(name) (ulimit \(option)) allows a process \(limit >> 20) MiB of memory, too little for the program to "
        + "start; raise it to \(least >> 20) MiB at least (ulimit \(option) unlimited)"
    }
    return nil
  }
}
