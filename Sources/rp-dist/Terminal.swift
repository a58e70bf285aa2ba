internal import Foundation
internal import MPI

/// Whether a person watches standard output.
enum Terminal {
  /// Under mpirun a rank's standard output is a pseudo-terminal whatever mpirun's own is, so mpirun's is looked at. On a
  /// node where there is only its daemon, the output goes to no terminal.
  static var isInteractive: Bool {
    guard ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return false }
    guard Launcher.isPresent else { return isatty(STDOUT_FILENO) == 1 }
    var process = Int(getppid())
    while process > 1 {
      if launchers.contains(name(of: process)) { return hasTerminal(process) }
      process = parent(of: process)
    }
    return false
  }

  private static let launchers: Set = ["mpirun", "mpiexec", "orterun", "prterun", "srun"]

  private static func name(of process: Int) -> String {
    let text = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
    return text?.trimmingCharacters(in: .newlines) ?? ""
  }

  /// The fourth field of `stat`, after the name in parentheses; 0 where it cannot be read.
  private static func parent(of process: Int) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 1
    else { return 0 }
    return Int(fields[1]) ?? 0
  }

  private static func hasTerminal(_ process: Int) -> Bool {
    let output = "/proc/\(process)/fd/1"
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: output) else { return false }
    return target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty")
  }
}
