private import CProcessArguments
private import Glibc

/// How this process was started.
public enum Launcher {
  /// Environment variables that mpirun, srun and other PMI launchers set for each rank.
  private static let markers = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"]

  /// Whether a launcher (mpirun, srun --mpi=pmix) started this process as one of its ranks.
  public static var isPresent: Bool { markers.contains { environment($0) != nil } }

  /// This process's number as its launcher tells it before MPI is initialised; 0 without a launcher.
  public static var rank: Int {
    ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"].lazy.compactMap { environment($0).flatMap { Int($0) } }.first ?? 0
  }

  /// The command line, from the program's name on; empty where there is not even that.
  public static var commandLine: [String] {
    (0..<process_argument_count()).map { unsafe String(cString: process_argument($0)) }
  }

  /// The threads of a matrix product that the user's environment asks for (`OPENBLAS_NUM_THREADS`); nil where it does not.
  public static var threads: Int? {
    environment("OPENBLAS_NUM_THREADS").flatMap { Int($0) }.flatMap { $0 > 0 ? min($0, 1024) : nil }
  }

  /// The value of an environment variable.
  public static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Without a launcher Open MPI would start a daemon (and need ssh) to serve a single process; these settings make it
  /// an isolated rank that starts in about 20 ms. A setting that the user made wins.
  ///
  /// A single task of Slurm's srun is one too. Open MPI would take it for a rank that srun was to tell about the others,
  /// by the variable `SLURM_STEP_ID`, and end.
  static func isolateSingleRank() {
    guard !isPresent else { return }
    unsafe unsetenv("SLURM_STEP_ID")
    for (name, value) in [
      ("OMPI_MCA_ess_singleton_isolated", "1"), ("OMPI_MCA_btl", "self"), ("OMPI_MCA_pml", "ob1"),
      // All isolated processes of a user would make and remove the same folder, and now and then one fails between the two.
      ("OMPI_MCA_orte_create_session_dirs", "0"),
    ] {
      unsafe setenv(name, value, 0)
    }
  }
}
