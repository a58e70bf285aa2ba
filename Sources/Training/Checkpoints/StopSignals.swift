private import CStopSignals
private import MPI

/// Signals by which a user or a batch system asks a run to stop: USR1, USR2, TERM and, without a launcher, ^C.
///
/// A launcher answers ^C itself: it ends its ranks by TERM, and a second later by KILL.
public enum StopSignals {
  /// From now on they are noted and do not end the process; a second ^C does.
  public static func note() { stop_signals_note(Launcher.isPresent ? 0 : 1) }

  /// Whether one has come to this rank.
  static var haveCome: Bool { stop_signals_came() != 0 }
}
