/// The program's exit codes, those of sysexits.h where it has one.
public enum ExitCode {
  /// A check failed, or training diverged.
  public static let failed: Int32 = 1
  /// Command line, preset, setting or configuration.
  public static let usage: Int32 = 64
  /// The content of a file.
  public static let content: Int32 = 65
  /// A missing or unreadable input.
  public static let missingInput: Int32 = 66
  /// A broken promise of the program or of the machine.
  public static let internalError: Int32 = 70
  /// An output that cannot be created.
  public static let cannotCreate: Int32 = 73
  /// An output that cannot be written.
  public static let cannotWrite: Int32 = 74
  /// Stopped by a signal after a checkpoint: start it again with `--resume`.
  public static let stopped: Int32 = 75
}
