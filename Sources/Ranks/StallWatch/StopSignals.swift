private import CStopSignals
private import Glibc
private import MPI

/// Signals by which a user or a batch system asks a run to stop: USR1, USR2, TERM, HUP, XCPU and, without a launcher,
/// ^C.
///
/// A launcher handles ^C itself: it ends its ranks by TERM, and a second later by KILL.
public enum StopSignals {
  /// From now on these signals are noted and do not end the process; a second ^C does. HUP and INT stay ignored where
  /// the process was started with them ignored.
  public static func note() { stop_signals_note(Launcher.isPresent ? 0 : 1) }

  /// Whether this rank has received such a signal.
  public static var haveCome: Bool { stop_signals_came() != 0 }

  /// Whether the signal was ^C, as far as this rank can tell.
  public static var interrupted: Bool { stop_signals_came() == (Launcher.isPresent ? SIGTERM : SIGINT) }

  /// Chooses what happens when output goes to a pipe without a reader: the write fails, or the process ends silently.
  public static func outliveReader(_ outlives: Bool) { stop_signals_fail_without_reader(outlives ? 1 : 0) }
}
