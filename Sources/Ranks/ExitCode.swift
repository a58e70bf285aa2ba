/// The program's exit codes. They follow sysexits.h where it defines a code for the case.
public enum ExitCode {
  /// A check failed, or training diverged.
  public static let failed: Int32 = 1
  /// An error in the command line, a preset, a setting or a configuration.
  public static let usage: Int32 = 64
  /// An error in the content of a file.
  public static let content: Int32 = 65
  /// A missing or unreadable input.
  public static let missingInput: Int32 = 66
  /// An internal error of the program, or a fault of the machine.
  public static let internalError: Int32 = 70
  /// An output that cannot be created.
  public static let cannotCreate: Int32 = 73
  /// An output that cannot be written.
  public static let cannotWrite: Int32 = 74
  /// A signal stopped the run after it wrote a checkpoint: continue it with `--resume`.
  public static let stopped: Int32 = 75
}
