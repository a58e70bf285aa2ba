/// What the program takes to start, before it reads anything: libraries end without a word where they get less.
public enum StartRequirement {
  /// Measured, and rounded up: 90 MiB of address space, 44 MiB of it data.
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
