private import Glibc

/// The limits that the system puts on this process: getrlimit(2).
struct ProcessLimits: Sendable {
  /// RLIMIT_AS and RLIMIT_DATA in bytes (`ulimit -v`, `ulimit -d`); nil where there is none.
  var addressSpace: Int?
  var data: Int?
  /// RLIMIT_NPROC (`ulimit -u`): how many threads the user may have in all; nil where there is none. It does not hold for
  /// root.
  var threads: Int?

  /// Those of this process.
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
