/// Ranks, threads and cores.
extension DoctorReport {
  /// How many threads want each core of a machine, where that is most: a rank's threads are spread over its cores. Above 1
  /// some of them wait for the others' time slices.
  ///
  /// - Parameter ranks: those of one machine.
  static func demand(_ ranks: [RankFacts]) -> Double {
    var wanted: [Int: Double] = [:]
    for facts in ranks {
      for core in facts.cores { wanted[core, default: 0] += Double(facts.threads) / Double(facts.cores.count) }
    }
    return wanted.values.max() ?? 0
  }

  var coreProblems: [DoctorProblem] {
    var machines: [String] = []
    for facts in ranks where !machines.contains(facts.machine) { machines.append(facts.machine) }
    return machines.flatMap { machine in problems(onMachine: ranks.filter { $0.machine == machine }) }
      + threadProblems
  }

  private func problems(onMachine members: [RankFacts]) -> [DoctorProblem] {
    let cores = Set(members.flatMap(\.cores)).count
    let threads = members.reduce(0) { $0 + $1.threads }
    let host = members[0].host
    let each = members.allSatisfy { $0.threads == 1 } ? "" : " of \(members[0].threads) threads"
    if threads > cores, cores > 0, members.count > 1 || threads > members[0].hostCores {
      var found = [
        DoctorProblem.warning(
          "\(host): \(members.count) rank\(members.count == 1 ? "" : "s")\(each) on \(cores) "
            + "core\(cores == 1 ? "" : "s"): they wait for each other's time slices",
          members.contains(where: \.isBound)
            ? "give each a core of its own: mpirun --bind-to core, or --bind-to none"
            : "start one rank for each core: mpirun -n \(max(1, cores / max(1, members[0].threads)))"
              + (members[0].threads > 1 ? ", or --set training.threads=1" : ""))
      ]
      if members.count > 1, members.contains(where: { $0.yields == false }) {
        found.append(
          .warning(
            "\(host): ranks that wait keep busy the cores that others need, which costs a factor of a hundred",
            "mpirun --mca mpi_yield_when_idle 1, or export OMPI_MCA_mpi_yield_when_idle=1"))
      }
      return found
    }
    // A little above 1 is the rounding of thirds.
    guard Self.demand(members) > 1.001 else { return [] }
    let most = members.map(\.threads).max() ?? 1
    return [
      .warning(
        "\(host): ranks are bound to cores that they must share\(each.isEmpty ? "" : ", with\(each.dropFirst(3)) each")",
        most > 1
          ? "mpirun --map-by slot:PE=\(most) --bind-to core, or srun --cpus-per-task=\(most)"
          : "mpirun --bind-to core, or --bind-to none")
    ]
  }

  /// The library may have fewer threads than it was told to use.
  private var threadProblems: [DoctorProblem] {
    let wrong = ranks.filter { $0.threads != threads }
    guard let first = wrong.first else { return [] }
    return [
      .warning(
        "\(Self.named(wrong)): OpenBLAS uses \(first.threads) threads where training.threads is \(threads)",
        "lower training.threads, or install an OpenBLAS with threads")
    ]
  }
}
