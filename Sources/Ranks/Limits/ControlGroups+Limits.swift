private import Glibc

/// What control groups allow.
extension ControlGroups {
  /// A limit of one group.
  public struct Limit<Value: Equatable & Sendable>: Equatable, Sendable {
    public var value: Value
    public var group: Group
  }

  /// The limits of memory in bytes, from the process's own group up: `memory.max` of version 2 (kernel documentation,
  /// cgroup-v2), `memory.limit_in_bytes` of version 1, which is a number close to 2⁶³ where there is none.
  public var memoryLimits: [Limit<Int>] {
    groups(of: "memory").compactMap { group in
      let words = words("memory.max", of: group) + words("memory.limit_in_bytes", of: group)
      guard let bytes = words.first.flatMap({ Int($0) }), bytes < 1 << 60 else { return nil }
      return Limit(value: bytes, group: group)
    }
  }

  /// The quotas of processor time in cores, from the process's own group up: `cpu.max` of version 2 ("50000 100000", or
  /// "max 100000" for none), `cpu.cfs_quota_us` (−1 for none) and `cpu.cfs_period_us` of version 1.
  public var coreQuotas: [Limit<Double>] {
    groups(of: "cpu").compactMap { group in
      var words = words("cpu.max", of: group)
      if words.isEmpty {
        words = self.words("cpu.cfs_quota_us", of: group) + self.words("cpu.cfs_period_us", of: group)
      }
      guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), quota > 0, period > 0 else {
        return nil
      }
      return Limit(value: quota / period, group: group)
    }
  }

  /// How many processes and threads the process's groups may have at most, with how many there are: `pids.max` and
  /// `pids.current`.
  public var threadLimits: [Limit<Threads>] {
    groups(of: "pids").compactMap { group in
      guard let most = words("pids.max", of: group).first.flatMap({ Int($0) }) else { return nil }
      return Limit(
        value: Threads(most: most, present: words("pids.current", of: group).first.flatMap { Int($0) } ?? 0),
        group: group)
    }
  }

  public struct Threads: Equatable, Sendable {
    public var most: Int
    public var present: Int

    public init(most: Int, present: Int) { (self.most, self.present) = (most, present) }
  }
}

extension ControlGroups.Group {
  /// What tells the group from others of its machine, in whatever namespace it is seen; nil where it cannot be looked at.
  public var identity: String? {
    var information = stat()
    guard unsafe stat(folder, &information) == 0 else { return nil }
    return "\(information.st_dev):\(information.st_ino)"
  }
}
