internal import Foundation
internal import MPI

/// The mpirun or srun that started this rank, where it runs on the same machine; on other nodes only its daemon runs.
struct LauncherProcess: Sendable {
  private let number: Int

  /// The launcher of this process; nil without a launcher.
  static let own: LauncherProcess? = {
    guard Launcher.isPresent else { return nil }
    var process = Int(getppid())
    while process > 1 {
      if names.contains(name(of: process)) { return LauncherProcess(number: process) }
      process = parent(of: process)
    }
    return nil
  }()

  private static let names: Set = ["mpirun", "mpiexec", "orterun", "prterun", "srun"]

  /// The path of one of its standard streams in `/proc`: opening this path opens the stream's file.
  func path(ofStream stream: CInt) -> String { "/proc/\(number)/fd/\(stream)" }

  /// The file of one of its standard streams, such as `/dev/pts/3` or `pipe:[123]`; nil where the stream is closed.
  func file(ofStream stream: CInt) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path(ofStream: stream))
  }

  func isTerminal(stream: CInt) -> Bool {
    file(ofStream: stream).map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
  }

  /// Whether the launcher was started without standard input and output, and has opened a pipe of its own in their
  /// place. Open MPI's mpirun (4.1) then writes the ranks' output into its own pipe for signals: the end of a line is
  /// number 10, SIGUSR1, which mpirun passes on to all ranks.
  var takesOutputForSignals: Bool {
    guard let output = file(ofStream: STDOUT_FILENO), output.hasPrefix("pipe:") else { return false }
    return output == file(ofStream: STDIN_FILENO)
  }

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
}
