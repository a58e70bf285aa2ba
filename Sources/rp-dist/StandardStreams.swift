internal import Foundation
internal import MPI
internal import Synchronization

/// The standard streams of this process; a program can be started without them.
enum StandardStreams {
  /// Opens a replacement for each closed stream, so that no file of the run gets the stream's number and receives
  /// printed output. Must be called before any other file is opened.
  ///
  /// A replacement cannot be read or written, so that lost output is noticed as if the stream were closed.
  static func open() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      // The lowest free number is the number of the stream.
      _ = unsafe Glibc.open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    guard Launcher.rank == 0, LauncherProcess.own?.takesOutputForSignals == true else { return }
    let nothing = unsafe Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard nothing >= 0 else { return }
    dup2(nothing, STDOUT_FILENO)
    close(nothing)
  }

  /// Writes the buffered output.
  ///
  /// - Throws: ``OutputError`` where standard output does not accept it.
  static func flush() throws(OutputError) {
    guard fflush(nil) != 0 else { return }
    let code = errno
    // A closed terminal fails with the same error as a disk.
    throw OutputError(isUnread: code == EPIPE || code == EBADF || (code == EIO && isDevice(STDOUT_FILENO)))
  }

  private static func isDevice(_ stream: CInt) -> Bool {
    var information = stat()
    return unsafe fstat(stream, &information) == 0 && information.st_mode & S_IFMT == S_IFCHR
  }
}

/// Standard output does not accept the printed text.
struct OutputError: Error, CustomStringConvertible {
  /// Whether nobody reads its other end.
  let isUnread: Bool

  var description: String {
    "cannot write to standard output" + (isUnread ? ": nobody reads it" : "; is the disk full?")
  }
}

/// The terminal at which a person watches standard output.
///
/// Under mpirun a rank's standard output is always a pseudo-terminal, so mpirun's own standard output is examined.
struct Terminal {
  /// A file handle of the terminal, for the life of the process.
  private let handle: CInt

  /// nil where there is no terminal, or it does not understand control sequences.
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

  /// The present number of characters in a line, which a person may change; 80 where the terminal does not report it.
  var columns: Int {
    var size = winsize()
    guard unsafe ioctl(handle, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether standard error is a person's terminal.
  static var showsMessages: Bool {
    isatty(STDERR_FILENO) == 1 || LauncherProcess.own?.isTerminal(stream: STDERR_FILENO) == true
  }

  /// Whether the cursor stands after a line that has not ended.
  static let hasOpenLine = Atomic<Bool>(false)

  /// Whether a message has ended the line on which the terminal shows ^C.
  static let hasEndedInterrupt = Atomic<Bool>(false)
}
