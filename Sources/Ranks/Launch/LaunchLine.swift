private import Foundation
internal import MPI

/// How this process was started, as its environment tells before MPI is initialised.
public struct LaunchLine: Codable, Equatable, Sendable {
  public enum Launcher: String, Codable, Sendable {
    case none, mpirun
    /// A launcher that speaks PMIx, such as `srun --mpi=pmix`.
    case pmix
    /// One that speaks PMI-1 or PMI-2 only, such as `srun --mpi=pmi2` or MPICH's mpiexec.
    case pmi
  }

  public var launcher: Launcher
  /// How many ranks the launcher says there are; nil where it does not say.
  public var launcherRanks: Int?
  /// Slurm's number of the job; nil outside of one.
  public var slurmJob: String?
  /// The tasks that the job asked for.
  public var slurmTasks: Int?
  /// The tasks of the `srun` that started this process; nil where none did, as in a batch script.
  public var stepTasks: Int?
  /// Which of these this process is.
  public var task: Int
  /// Whether the user wants single ranks (`RP_DIST_SINGLE_RANK`).
  public var isSingleRankWanted: Bool

  /// - Parameter environment: the value of an environment variable.
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

  /// That of this process.
  public static var own: LaunchLine { LaunchLine(environment: MPI.Launcher.environment) }

  /// What is wrong with a world of so many ranks, in one sentence with the command that mends it; nil where nothing is.
  ///
  /// - Parameters:
  ///   - ranks: nil before MPI is initialised.
  ///   - mpiKnowsPMI: whether the MPI library can be started by a launcher of PMI-1 or PMI-2.
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

  /// What may not be meant though it can be, in one sentence; nil where there is nothing.
  public func warning(ranks: Int) -> String? {
    guard !isSingleRankWanted, let slurmTasks, slurmTasks > ranks, stepTasks == nil else { return nil }
    return "\(ranks == 1 ? "a single rank" : "only \(ranks) ranks") in a Slurm job of \(slurmTasks) tasks"
  }

  /// Whether Open MPI has a component for PMI-1 or PMI-2, beside the one for PMIx; true where it is not told by files.
  public static var mpiKnowsPMI: Bool {
    let libraries = LoadedComponents.ofThisProcess.libraries.filter { $0.contains("/libopen-pal.so") }
    guard let library = libraries.first.map({ URL(fileURLWithPath: $0).deletingLastPathComponent() }) else {
      return true
    }
    // Open MPI's own folder beside its libraries, and Debian's.
    let folders = ["openmpi", "openmpi3", "openmpi/lib/openmpi3", "openmpi/lib/openmpi"].map {
      library.appendingPathComponent($0).path
    }
    let names = folders.lazy.compactMap { try? FileManager.default.contentsOfDirectory(atPath: $0) }
      .first { $0.contains { $0.hasPrefix("mca_pmix_") } }
    return names.map { names in ["s1", "s2", "cray"].contains { names.contains("mca_pmix_\($0).so") } } ?? true
  }
}
