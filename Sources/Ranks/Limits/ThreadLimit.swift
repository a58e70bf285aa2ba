private import Foundation
private import Glibc

/// A limit on the number of threads of a user (RLIMIT_NPROC, getrlimit(2)) or of a control group (`pids.max`).
public struct ThreadLimit: Codable, Equatable, Sendable {
  public var most: Int
  public var present: Int
  /// The name of the limit.
  public var name: String
  /// The command that raises it.
  public var remedy: String

  public init(most: Int, present: Int, name: String, remedy: String) {
    (self.most, self.present, self.name, self.remedy) = (most, present, name, remedy)
  }

  public var left: Int { most - present }

  /// The limit that leaves this process the fewest threads; nil where there is no limit.
  package static var own: ThreadLimit? {
    var limits = ControlGroups().threadLimits.map { limit in
      ThreadLimit(
        most: limit.value.most, present: limit.value.present, name: "pids.max of the control group \(limit.group.name)",
        remedy: "ask for more (docker run --pids-limit)")
    }
    if let most = ProcessLimits.own.threads {
      let present = presentOfUser
      limits.append(
        ThreadLimit(
          most: most, present: present, name: "RLIMIT_NPROC (ulimit -u)", remedy: "ulimit -u \(2 * max(most, present))")
      )
    }
    return limits.min { $0.left < $1.left }
  }

  /// The threads of all visible processes of this user.
  private static var presentOfUser: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { $0.first?.isNumber ?? false }.reduce(0) { count, name in
      var (user, threads) = (false, 0)
      for line in ControlGroups.lines("/proc/\(name)/status") {
        let words = line.split { $0 == " " || $0 == "\t" }
        // The first number is the real user's.
        if words.count > 1, words[0] == "Uid:" { user = words[1] == "\(getuid())" }
        if words.count > 1, words[0] == "Threads:" { threads = Int(words[1]) ?? 0 }
      }
      return count + (user ? threads : 0)
    }
  }
}
