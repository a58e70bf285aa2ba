private import Foundation
private import Glibc

/// The control groups of this process, which may limit the memory, the processor time and the number of threads of all
/// processes in them: cgroups(7).
///
/// The limit of a group also applies to the groups inside it. So the least limit counts, from the process's own group
/// up to the topmost group that the process can see. Version 1 has one hierarchy for each controller, version 2 one
/// hierarchy for all controllers; a machine may have both.
public struct ControlGroups: Sendable {
  /// One group, as a folder of the system.
  public struct Group: Equatable, Sendable {
    /// The group's name in /proc/self/cgroup.
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
  /// The process's group for each controller; the key of version 2 is "".
  private let names: [String: String]

  /// - Parameter root: the prefix of every path; tests pass another one.
  public init(root: String = "") {
    mounts = Self.lines(root + "/proc/self/mountinfo").compactMap { Mount($0, under: root) }
    var names: [String: String] = [:]
    for line in Self.lines(root + "/proc/self/cgroup") {
      // Version 1: `4:memory:/slurm/job_7`; version 2: `0::/user.slice`.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        names[String(controller)] = String(parts[2])
      }
    }
    self.names = names
  }

  /// The groups, of both versions, in which a controller may have limits; the process's own group comes first.
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

  /// The words of the first line of a file in a group; empty where the file is missing or empty.
  func words(_ file: String, of group: Group) -> [String] {
    Self.lines(group.folder + "/" + file).first?.split(separator: " ").map(String.init) ?? []
  }
}

extension ControlGroups.Mount {
  /// Reads a line such as `35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory` (proc_pid_mountinfo(5));
  /// nil for mounts of other kinds.
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

  /// A group and the groups above it that this mount shows. In a container the mount begins at the container's group.
  fileprivate func groups(upFrom name: String) -> [ControlGroups.Group] {
    let isBelow = root == "/" || name == root || name.hasPrefix(root + "/")
    let parts = isBelow ? name.dropFirst(root == "/" ? 0 : root.count).split(separator: "/") : []
    // A process that was moved out of its namespace has a group name such as `/../other`.
    let visible = parts.contains("..") ? [] : parts
    return (0...visible.count).reversed().map { depth in
      let path = visible.prefix(depth).map { "/" + $0 }.joined()
      let name = root == "/" && !path.isEmpty ? path : root + path
      return ControlGroups.Group(name: name, folder: folder + path)
    }
  }
}

/// The limits that control groups set.
extension ControlGroups {
  /// A limit of one group.
  public struct Limit<Value: Equatable & Sendable>: Equatable, Sendable {
    public var value: Value
    public var group: Group
  }

  /// The memory limits in bytes, from the process's own group up: `memory.max` of version 2 (kernel documentation,
  /// cgroup-v2), `memory.limit_in_bytes` of version 1, which is close to 2⁶³ where there is no limit.
  public var memoryLimits: [Limit<Int>] {
    groups(of: "memory").compactMap { group in
      let words = words("memory.max", of: group) + words("memory.limit_in_bytes", of: group)
      guard let bytes = words.first.flatMap({ Int($0) }), bytes < 1 << 60 else { return nil }
      return Limit(value: bytes, group: group)
    }
  }

  /// The quotas of processor time in cores, from the process's own group up: `cpu.max` of version 2 ("50000 100000", or
  /// "max 100000" for no quota), `cpu.cfs_quota_us` (−1 for no quota) and `cpu.cfs_period_us` of version 1.
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

  /// The greatest number of processes and threads that the process's groups allow, and the present number: `pids.max`
  /// and `pids.current`.
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
  /// The identity of the group on its machine, the same in every namespace; nil where the folder cannot be read.
  public var identity: String? {
    var information = stat()
    guard unsafe stat(folder, &information) == 0 else { return nil }
    return "\(information.st_dev):\(information.st_ino)"
  }
}

/// The processor time that all processes in a control group share.
public struct CoreQuota: Codable, Equatable, Sendable {
  /// In cores.
  public var cores: Double
  /// The identity of the group: the same text for all its processes.
  public var place: String

  public init(cores: Double, place: String) { (self.cores, self.place) = (cores, place) }

  /// The quotas of this process.
  package static func own(machine: String) -> [CoreQuota] {
    ControlGroups().coreQuotas.map { limit in
      CoreQuota(cores: limit.value, place: "\(machine) \(limit.group.identity ?? limit.group.name)")
    }
  }
}
