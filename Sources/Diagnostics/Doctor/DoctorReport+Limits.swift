internal import Ranks

/// The limits of the system: memory, processor time, threads, and the latency between ranks.
extension DoctorReport {
  var memoryProblems: [DoctorProblem] {
    MemoryCard.refusal(of: ranks.compactMap(\.memoryCard)).map { [.failure(sentence: $0)] } ?? []
  }

  /// Above so many seconds a sum of one number takes a thousand times as long as it should: on one machine it takes
  /// microseconds, or some tens of them where ranks share cores; between hosts up to some hundreds.
  private static let (slow, slowBetweenHosts) = (0.01, 0.02)

  var networkProblems: [DoctorProblem] {
    guard let sum = allReduces?.min(by: { $0.bytes < $1.bytes }),
      sum.median > (hosts.count == 1 ? Self.slow : Self.slowBetweenHosts)
    else { return [] }
    let milliseconds = Int((sum.median * 1000).rounded())
    return [
      .warning(
        "an allreduce of \(sum.bytes) bytes takes \(milliseconds) ms, a thousand times what it should: every step waits for "
          + "it",
        hosts.count == 1
          ? "let waiting ranks yield (mpirun --mca mpi_yield_when_idle 1), start fewer, end what else runs here, or ask for "
            + "more cores"
          : "choose the fast network (mpirun --mca btl_tcp_if_include eth0), and look at each host alone")
    ]
  }

  /// Processes whose control group allows less time than their threads need stand still for the rest of each period.
  var quotaProblems: [DoctorProblem] {
    var places: [String] = []
    var members: [String: [RankFacts]] = [:]
    for facts in ranks {
      for quota in facts.coreQuotas {
        if members[quota.place] == nil { places.append(quota.place) }
        members[quota.place, default: []].append(facts)
      }
    }
    let found = places.compactMap { place in members[place].flatMap { quotaProblem(of: $0, place: place) } }
    // Nested groups report the same problem twice.
    return found.max { $0.missing < $1.missing }.map { [$0.problem] } ?? []
  }

  private func quotaProblem(of members: [RankFacts], place: String) -> (missing: Double, problem: DoctorProblem)? {
    guard let quota = members[0].coreQuotas.first(where: { $0.place == place })?.cores else { return nil }
    let wanted = members.reduce(0) { $0 + $1.threads }
    guard Double(wanted) > quota + 0.01 else { return nil }
    let cores = Self.number(quota)
    return (
      Double(wanted) / quota,
      .warning(
        "\(members[0].host): a control group gives its processes the time of \(cores) core\(cores == "1" ? "" : "s"), but "
          + "\(wanted) thread\(wanted == 1 ? " wants" : "s want") one each: all are stopped for a part of each period",
        (quota >= 1 ? "start fewer ranks (mpirun -n \(Int(quota))), or " : "")
          + "ask for more cores (sbatch --cpus-per-task, docker run --cpus=\(wanted))")
    )
  }

  /// A user may have only so many threads on a host; where a thread cannot be created, the rank ends with another
  /// library's message.
  var threadLimitProblems: [DoctorProblem] {
    hosts.compactMap { host in
      guard let limit = host.ranks.compactMap(\.threadLimit).min(by: { $0.left < $1.left }) else { return nil }
      // The watch of each rank, and the helper threads of matrix products: the program's own and the library's.
      let more = host.ranks.reduce(0) { $0 + 1 + 2 * ($1.threads - 1) }
      guard more > limit.left else { return nil }
      return .failure(
        "\(host.name): the ranks start up to \(more) more threads, but \(limit.name) allows \(limit.most) in all, of which "
          + "there are \(limit.present)",
        limit.remedy + ", or start fewer ranks on the host")
    }
  }

  /// `2`, `0.5`.
  static func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}

/// Ranks, threads and cores.
extension DoctorReport {
  /// The number of threads for each core of a machine, on the most loaded core: a rank's threads are spread over its
  /// cores. Above 1 some of them wait for the others' time slices.
  ///
  /// - Parameter ranks: the ranks of one machine.
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
    // Rounding of thirds may give slightly more than 1.
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

  /// The library may use fewer threads than requested.
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
