private import CStopSignals
private import Glibc
private import MPI

/// Signals by which a user or a batch system asks a run to stop: USR1, USR2, TERM, HUP, XCPU and, without a launcher, ^C.
///
/// A launcher answers ^C itself: it ends its ranks by TERM, and a second later by KILL.
public enum StopSignals {
  /// From now on they are noted and do not end the process; a second ^C does. HUP and INT that the process was started to
  /// ignore stay ignored.
  public static func note() { stop_signals_note(Launcher.isPresent ? 0 : 1) }

  /// Whether one has come to this rank.
  public static var haveCome: Bool { stop_signals_came() != 0 }

  /// Whether it was ^C, as far as this rank can tell.
  public static var interrupted: Bool { stop_signals_came() == (Launcher.isPresent ? SIGTERM : SIGINT) }

  /// What happens when output goes to a pipe that nobody reads: the write fails, or the process ends silently.
  public static func outliveReader(_ outlives: Bool) { stop_signals_fail_without_reader(outlives ? 1 : 0) }
}
