internal import Foundation
internal import MPI
internal import Synchronization

/// The terminal at which a person watches standard output.
///
/// Under mpirun a rank's standard output is a pseudo-terminal whatever mpirun's own is, so mpirun's is looked at.
struct Terminal {
  /// A handle of the terminal, for as long as the process lives.
  private let handle: CInt

  /// nil where there is none, or it understands no control sequences.
  init?() {
    guard Launcher.environment("TERM") != "dumb" else { return nil }
    guard Launcher.isPresent else {
      guard isatty(STDOUT_FILENO) == 1 else { return nil }
      handle = STDOUT_FILENO
      return
    }
    guard let launcher = LauncherProcess.own, launcher.isTerminal(stream: STDOUT_FILENO) else { return nil }
    handle = unsafe open(launcher.path(ofStream: STDOUT_FILENO), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
  }

  /// The characters of a line, now: a person may change it. 80 where it does not say.
  var columns: Int {
    var size = winsize()
    guard unsafe ioctl(handle, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether standard error is a person's terminal.
  static var showsMessages: Bool {
    isatty(STDERR_FILENO) == 1 || LauncherProcess.own?.isTerminal(stream: STDERR_FILENO) == true
  }

  /// Whether the cursor stands behind a line that has not ended.
  static let hasOpenLine = Atomic<Bool>(false)

  /// Whether a message has ended the line on which the terminal shows ^C.
  static let hasEndedInterrupt = Atomic<Bool>(false)
}
