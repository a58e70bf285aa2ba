private import CProcessArguments
private import Glibc

/// How this process was started.
public enum Launcher {
  /// Environment variables that mpirun, srun and other PMI launchers set for each rank.
  private static let markers = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"]

  /// Whether a launcher (mpirun, srun --mpi=pmix) started this process as one of its ranks.
  public static var isPresent: Bool { markers.contains { environment($0) != nil } }

  /// This process's rank, as the launcher gives it before MPI is initialised; 0 without a launcher.
  public static var rank: Int {
    ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"].lazy.compactMap { environment($0).flatMap { Int($0) } }.first ?? 0
  }

  /// The command line, starting with the program's name; empty where even the name is missing.
  public static var commandLine: [String] {
    (0..<process_argument_count()).map { unsafe String(cString: process_argument($0)) }
  }

  /// The number of threads of a matrix product in the user's environment (`OPENBLAS_NUM_THREADS`); nil where it is not
  /// set.
  public static var threads: Int? {
    environment("OPENBLAS_NUM_THREADS").flatMap { Int($0) }.flatMap { $0 > 0 ? min($0, 1024) : nil }
  }

  /// The value of an environment variable.
  public static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Without a launcher, Open MPI would start a daemon (and need ssh) to serve a single process. These settings make
  /// the process an isolated rank that starts in about 20 ms. A setting that the user has made takes precedence.
  ///
  /// A single task of Slurm's srun is such a process too. Because of the variable `SLURM_STEP_ID`, Open MPI would
  /// expect srun to tell it about other ranks, and would exit.
  static func isolateSingleRank() {
    guard !isPresent else { return }
    unsafe unsetenv("SLURM_STEP_ID")
    for (name, value) in [
      ("OMPI_MCA_ess_singleton_isolated", "1"), ("OMPI_MCA_btl", "self"), ("OMPI_MCA_pml", "ob1"),
      // Otherwise all isolated processes of a user create and remove the same folder. Now and then one of them fails
      // because another has just removed it.
      ("OMPI_MCA_orte_create_session_dirs", "0"),
    ] {
      unsafe setenv(name, value, 0)
    }
  }
}
