private import Foundation
internal import MPI

/// How this process was started, read from its environment before MPI is initialised.
public struct LaunchLine: Codable, Equatable, Sendable {
  public enum Launcher: String, Codable, Sendable {
    case none, mpirun
    /// A launcher that speaks PMIx, such as `srun --mpi=pmix`.
    case pmix
    /// A launcher that speaks only PMI-1 or PMI-2, such as `srun --mpi=pmi2` or MPICH's mpiexec.
    case pmi
  }

  public var launcher: Launcher
  /// The number of ranks according to the launcher; nil where the launcher does not say.
  public var launcherRanks: Int?
  /// Slurm's job ID; nil outside a Slurm job.
  public var slurmJob: String?
  /// The number of tasks that the job asked for.
  public var slurmTasks: Int?
  /// The number of tasks of the `srun` that started this process; nil where no `srun` did, as in a batch script.
  public var stepTasks: Int?
  /// The number of this process among those tasks.
  public var task: Int
  /// Whether the user asks for independent single ranks (`RP_DIST_SINGLE_RANK`).
  public var isSingleRankWanted: Bool

  /// - Parameter environment: returns the value of an environment variable.
  public init(environment: (String) -> String?) {
    func number(_ name: String) -> Int? { environment(name).flatMap { Int($0) } }
    launcherRanks = number("OMPI_COMM_WORLD_SIZE") ?? number("PMI_SIZE")
    launcher =
      environment("OMPI_COMM_WORLD_SIZE") != nil
      ? .mpirun
      : environment("PMIX_RANK") != nil
        ? .pmix : environment("PMI_RANK") != nil || environment("PMI_SIZE") != nil ? .pmi : .none
    slurmJob = environment("SLURM_JOB_ID")
    slurmTasks = number("SLURM_NTASKS")
    stepTasks = number("SLURM_STEP_NUM_TASKS")
    task = stepTasks == nil ? 0 : number("SLURM_PROCID") ?? 0
    isSingleRankWanted = !["", "0"].contains(environment("RP_DIST_SINGLE_RANK") ?? "")
  }

  /// The launch line of this process.
  public static var own: LaunchLine { LaunchLine(environment: MPI.Launcher.environment) }

  /// Why a world of so many ranks is refused, in one sentence that names the command to use instead; nil where nothing
  /// is wrong.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks; nil before MPI is initialised.
  ///   - mpiKnowsPMI: whether a launcher of PMI-1 or PMI-2 can start the MPI library.
  public func refusal(ranks: Int?, mpiKnowsPMI: @autoclosure () -> Bool = Self.mpiKnowsPMI) -> String? {
    guard !isSingleRankWanted else { return nil }
    if launcher == .none, let stepTasks, stepTasks > 1, ranks ?? 1 == 1 {
      return "srun started \(stepTasks) copies of the program that know nothing of each other; start them as ranks: "
        + "srun --mpi=pmix -n \(stepTasks) rp-dist ..., or mpirun -n \(stepTasks) rp-dist ... "
        + "(single ranks on purpose: RP_DIST_SINGLE_RANK=1)"
    }
    if launcher == .pmi, slurmJob != nil, stepTasks != nil, !mpiKnowsPMI() {
      return "this MPI library cannot be started by srun's PMI; use srun --mpi=pmix rp-dist ..., or mpirun rp-dist ..."
    }
    let meant = launcherRanks ?? (launcher == .pmix ? stepTasks : nil) ?? 1
    if ranks == 1, meant > 1 {
      return "the launcher started \(meant) ranks, but each is alone: it belongs to another MPI than the program; use "
        + "the mpirun of \(MPILibrary.version)" + (slurmJob == nil ? "" : ", or srun --mpi=pmix")
    }
    return nil
  }

  /// A warning about a launch that works but may not be intended, in one sentence; nil where there is none.
  public func warning(ranks: Int) -> String? {
    guard !isSingleRankWanted, let slurmTasks, slurmTasks > ranks, stepTasks == nil else { return nil }
    return "\(ranks == 1 ? "a single rank" : "only \(ranks) ranks") in a Slurm job of \(slurmTasks) tasks"
  }

  /// Whether Open MPI has a component for PMI-1 or PMI-2, beside the one for PMIx; true where the files do not tell.
  public static var mpiKnowsPMI: Bool {
    let libraries = LoadedComponents.ofThisProcess.libraries.filter { $0.contains("/libopen-pal.so") }
    guard let library = libraries.first.map({ URL(fileURLWithPath: $0).deletingLastPathComponent() }) else {
      return true
    }
    // Open MPI's own folder beside its libraries, and Debian's folder.
    let folders = ["openmpi", "openmpi3", "openmpi/lib/openmpi3", "openmpi/lib/openmpi"].map {
      library.appendingPathComponent($0).path
    }
    let names = folders.lazy.compactMap { try? FileManager.default.contentsOfDirectory(atPath: $0) }
      .first { $0.contains { $0.hasPrefix("mca_pmix_") } }
    return names.map { names in ["s1", "s2", "cray"].contains { names.contains("mca_pmix_\($0).so") } } ?? true
  }
}
