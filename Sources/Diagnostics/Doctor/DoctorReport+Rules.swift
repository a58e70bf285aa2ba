internal import Ranks

/// Derives problems from the facts: each rule returns the problems that it finds.
extension DoctorReport {
  var rules: [DoctorProblem] {
    launchProblems + differences + dataProblems + memoryProblems + placeProblems + coreProblems + quotaProblems
      + threadLimitProblems + sharedMemoryProblems + networkProblems + slurmProblems + shareProblems + ownWords
  }

  /// The messages of the run before its first step.
  private var ownWords: [DoctorProblem] {
    (refusal.map { [.failure(sentence: $0)] } ?? []) + notes.map { .warning(sentence: $0) }
  }

  private var launchProblems: [DoctorProblem] {
    if let refusal = launch.refusal(ranks: ranks.count, mpiKnowsPMI: true) {
      return [.failure(sentence: refusal)]
    }
    guard let warning = launch.warning(ranks: ranks.count) else { return [] }
    return [.warning(warning, "for all of them: mpirun rp-dist ..., or srun --mpi=pmix rp-dist ...")]
  }

  /// Differences in properties that must be the same on all ranks.
  private var differences: [DoctorProblem] {
    func different(_ what: String, _ severity: DoctorProblem.Severity, _ remedy: String, _ value: (RankFacts) -> String)
      -> [DoctorProblem]
    {
      let first = value(ranks[0])
      let others = ranks.filter { value($0) != first }
      guard !others.isEmpty else { return [] }
      return [
        DoctorProblem(
          severity: severity,
          problem: "the \(what) of \(Self.named(others)) \(others.count == 1 ? "is" : "are") not that of rank 0",
          remedy: remedy)
      ]
    }
    return different("program", .failure, "copy one file to all hosts, or start it from a shared folder") {
      $0.programSHA256
    }
      + different("MPI library", .failure, "load the same module, or install the same Open MPI, on all hosts") {
        $0.mpi
      }
      + different("configuration", .failure, "start every rank with the same command and the same files") {
        $0.settingsSHA256
      }
      + different(
        "kernel (\(Set(ranks.map(\.kernel)).sorted().joined(separator: "; ")))", reproducible ? .failure : .warning,
        "ranks may differ in last bits, which training refuses: use hosts of one kind (sbatch --constraint)"
      ) { $0.kernel }
  }

  private var dataProblems: [DoctorProblem] {
    let without = ranks.filter { $0.dataSHA256 == nil }
    if let first = without.first {
      let place = without.count == ranks.count ? "" : "\(Self.named(without)): "
      return [.failure(sentence: place + (first.dataProblem ?? "the data cannot be read"))]
    }
    let others = ranks.filter { $0.dataSHA256 != ranks[0].dataSHA256 }
    guard !others.isEmpty else { return [] }
    return [
      .failure("the data of \(Self.named(others)) differ from those of rank 0", "give every host the same files")
    ]
  }

  private var placeProblems: [DoctorProblem] {
    if let problem = place.problem { return [.failure(problem, "choose another folder: --set run.folder=DIR")] }
    var found: [DoctorProblem] = []
    if let free = place.freeBytes, let model = ranks[0].modelBytes, free < 16 * model + (1 << 20) {
      found.append(
        .failure(
          "\(place.folder) has \(free >> 20) MiB left, too few for models and checkpoints of \(model >> 10) KiB each",
          "free space, or choose another folder: --set run.folder=DIR"))
    }
    let blind = ranks.filter { !$0.seesRunFolder }
    if !blind.isEmpty {
      found.append(
        .warning(
          "\(Self.named(blind)) \(blind.count == 1 ? "does" : "do") not see the run folder of rank 0: a job that starts "
            + "again on other hosts will not find its checkpoints",
          "choose a folder that all hosts share: --set run.folder=DIR"))
    }
    return found
  }

  private var sharedMemoryProblems: [DoctorProblem] {
    guard ranks.count > 1, reduction != "mpi" else { return [] }
    let isForced = reduction == "node"
    let severity = isForced ? DoctorProblem.Severity.failure : .warning
    guard let needed = ranks[0].sharedMemoryNeeded else { return [] }
    if Set(ranks.map(\.localRanks)).count > 1 {
      return [
        DoctorProblem(
          severity: severity,
          problem: "the hosts have different numbers of ranks, so that reduction node cannot be used",
          remedy: "start as many on each: mpirun --map-by ppr:N:node, or srun --ntasks-per-node=N")
      ]
    }
    let tight = hosts.compactMap { host -> String? in
      let free = host.ranks[0].sharedMemoryFree ?? 0
      return free < (host.ranks[0].sharedMemoryNeeded ?? needed) ? "\(host.name) has \(free >> 10)" : nil
    }
    guard !tight.isEmpty else { return [] }
    return [
      DoctorProblem(
        severity: severity,
        problem:
          "reduction node needs \(needed >> 10) KiB of shared memory, but \(tight.joined(separator: ", ")) KiB free",
        remedy: "mount -o remount,size=50% /dev/shm (docker run --shm-size=1g), or --set reduction=mpi")
    ]
  }

  private var slurmProblems: [DoctorProblem] {
    guard let left = slurmSecondsLeft, left < 300 else { return [] }
    return [
      .warning(
        "the Slurm job ends in \(left) seconds", "ask for more time: sbatch --time=24:00:00; checkpoints: --resume auto"
      )
    ]
  }

  private var shareProblems: [DoctorProblem] {
    guard ranks.count > batch else { return [] }
    return [
      .warning(
        "\(ranks.count) ranks share a batch of \(batch): \(ranks.count - batch) of them have nothing to do",
        "start fewer ranks: mpirun -n \(batch), or a larger --set training.batch=\(ranks.count)")
    ]
  }

  /// `rank 2 (n1)`, `ranks 2, 3 (n1, n2)`; where there are many ranks, only the first ones.
  static func named(_ ranks: [RankFacts]) -> String {
    let numbers = ranks.prefix(8).map { "\($0.rank)" }.joined(separator: ", ") + (ranks.count > 8 ? ", ..." : "")
    var seen: Set<String> = []
    let hosts = ranks.map(\.host).filter { seen.insert($0).inserted }
    let names = hosts.prefix(4).joined(separator: ", ") + (hosts.count > 4 ? ", ..." : "")
    return "rank\(ranks.count == 1 ? "" : "s") \(numbers) (\(names))"
  }
}
