private import Foundation
private import Glibc

/// The control groups of this process, which may limit the memory, the processor time and the number of threads of all
/// processes in them: cgroups(7).
///
/// A limit of a group holds for the groups in it too. So the least one counts from the process's own group up to the
/// topmost that it can see. Version 1 has a hierarchy for each controller, version 2 one for all; a machine may have both.
public struct ControlGroups: Sendable {
  /// One group, as a folder of the system.
  public struct Group: Equatable, Sendable {
    /// As /proc/self/cgroup names it.
    public var name: String
    var folder: String
  }

  fileprivate struct Mount {
    var root: String
    var folder: String
    var isUnified: Bool
    var controllers: Set<String>
  }

  fileprivate let mounts: [Mount]
  /// The process's group by controller; that of version 2 has the name "".
  private let names: [String: String]

  /// - Parameter root: what stands before every path; another one for tests.
  public init(root: String = "") {
    mounts = Self.lines(root + "/proc/self/mountinfo").compactMap { Mount($0, under: root) }
    var names: [String: String] = [:]
    for line in Self.lines(root + "/proc/self/cgroup") {
      // `4:memory:/slurm/job_7`, of version 2 `0::/user.slice`.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        names[String(controller)] = String(parts[2])
      }
    }
    self.names = names
  }

  /// The groups that a controller may have limits in, of both versions, the process's own first.
  func groups(of controller: String) -> [Group] {
    mounts.flatMap { mount -> [Group] in
      guard mount.isUnified || mount.controllers.contains(controller),
        let name = names[mount.isUnified ? "" : controller]
      else { return [] }
      return mount.groups(upFrom: name)
    }
  }

  static func lines(_ path: String) -> [Substring] {
    FileManager.default.contents(atPath: path).map { data in
      String(decoding: data, as: UTF8.self).split(separator: "\n")
    } ?? []
  }

  /// The first word of each line of a file in a group; nothing where there is none.
  func words(_ file: String, of group: Group) -> [String] {
    Self.lines(group.folder + "/" + file).first?.split(separator: " ").map(String.init) ?? []
  }
}

extension ControlGroups.Mount {
  /// Reads a line such as `35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory` (proc_pid_mountinfo(5)); nil
  /// for mounts of other kinds.
  fileprivate init?(_ line: Substring, under prefix: String) {
    let halves = line.components(separatedBy: " - ")
    guard halves.count == 2 else { return nil }
    let (place, kind) = (halves[0].split(separator: " "), halves[1].split(separator: " "))
    guard place.count >= 5, let type = kind.first, ["cgroup", "cgroup2"].contains(type) else { return nil }
    isUnified = type == "cgroup2"
    controllers = Set((kind.count > 2 ? kind[2] : "").split(separator: ",").map(String.init))
    (root, folder) = (Self.unescaped(place[3]), prefix + Self.unescaped(place[4]))
  }

  /// Blanks in paths are written as `\040`.
  private static func unescaped(_ path: Substring) -> String {
    [(#"\040"#, " "), (#"\011"#, "\t"), (#"\134"#, #"\"#)].reduce(String(path)) { $0.replacing($1.0, with: $1.1) }
  }

  /// A group and those above it that this mount shows. In a container the mount begins at the container's group.
  fileprivate func groups(upFrom name: String) -> [ControlGroups.Group] {
    let isBelow = root == "/" || name == root || name.hasPrefix(root + "/")
    let parts = isBelow ? name.dropFirst(root == "/" ? 0 : root.count).split(separator: "/") : []
    // A process that was moved out of its namespace has a name such as `/../other`.
    let visible = parts.contains("..") ? [] : parts
    return (0...visible.count).reversed().map { depth in
      let path = visible.prefix(depth).map { "/" + $0 }.joined()
      let name = root == "/" && !path.isEmpty ? path : root + path
      return ControlGroups.Group(name: name, folder: folder + path)
    }
  }
}

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

/// The processor time that a control group gives all processes in it together.
public struct CoreQuota: Codable, Equatable, Sendable {
  /// In cores.
  public var cores: Double
  /// The same for all processes in the group.
  public var place: String

  public init(cores: Double, place: String) { (self.cores, self.place) = (cores, place) }

  /// Those of this process.
  package static func own(machine: String) -> [CoreQuota] {
    ControlGroups().coreQuotas.map { limit in
      CoreQuota(cores: limit.value, place: "\(machine) \(limit.group.identity ?? limit.group.name)")
    }
  }
}
