internal import Diagnostics
internal import Foundation
internal import Ranks

extension DoctorReport {
  /// The report as text for a person: problems, hosts, and the facts that all ranks share.
  func text(title: String) -> String {
    let count = "\(ranks.count) rank\(ranks.count == 1 ? "" : "s") on \(hosts.count) host\(hosts.count == 1 ? "" : "s")"
    let found =
      problems.isEmpty
      ? "no problems"
      : problems.map { problem in
        Self.wrapped(problem.severity == .failure ? "FAILS  " : "note   ", problem.problem)
          + "\n" + Self.wrapped("   ->  ", problem.remedy)
      }.joined(separator: "\n")
    return "rp-dist \(version): \(title), \(count)\n\(found)\n\n\(hostTable)\n\n\(commonFacts)"
  }

  private var hostTable: String {
    var table = TextTable(["host", "ranks", "cores", "bound", "threads", "memory", "shared", "kernel"])
    for host in hosts {
      let first = host.ranks[0]
      table.append([
        host.name, Self.list(host.ranks.map(\.rank)), "\(Set(host.ranks.flatMap(\.cores)).count)/\(first.hostCores)",
        Self.binding(host.ranks), "\(first.threads)", Self.memory(host.ranks),
        first.sharedMemoryFree.map(Self.size) ?? "none", first.kernel,
      ])
    }
    return table.text
  }

  private var commonFacts: String {
    let first = ranks[0]
    var lines = [("MPI", "\(first.mpi)" + (first.transport.isEmpty ? "" : ", \(first.transport)"))]
    lines.append(("started by", startedBy))
    if let yields = first.yields {
      lines.append(("waiting", yields ? "leaves the core to others" : "keeps the core busy"))
    }
    if let allReduces {
      lines.append(
        (
          "allreduce",
          allReduces.map { "\(Quantity.bytes($0.bytes)) \(Quantity.seconds($0.median))" }.joined(separator: ", ")
        ))
    }
    if let needed = first.sharedMemoryNeeded {
      lines.append(("reduction", "\(reduction); node needs \(Self.size(needed)) of shared memory on a host"))
    }
    lines.append(("program", Self.common(ranks.map { Optional($0.programSHA256) })))
    lines.append(("configuration", Self.common(ranks.map { Optional($0.settingsSHA256) })))
    lines.append(("data", Self.common(ranks.map(\.dataSHA256))))
    lines.append(
      (
        "run folder",
        "\(place.folder): " + (place.problem == nil ? "can be written" : "cannot be written")
          + (place.freeBytes.map { ", \(Self.size($0)) free" } ?? "")
      ))
    if let slurmSecondsLeft { lines.append(("time left", Self.time(slurmSecondsLeft))) }
    return lines.map { $0.0.padding(toLength: 15, withPad: " ", startingAt: 0) + $0.1 }.joined(separator: "\n")
  }

  private var startedBy: String {
    let how =
      switch launch.launcher {
      case .none: "no launcher"
      case .mpirun: "mpirun"
      case .pmix: launch.stepTasks == nil ? "a PMIx launcher" : "srun --mpi=pmix"
      case .pmi: "a PMI launcher"
      }
    guard let job = launch.slurmJob else { return how }
    return how + ", in Slurm job \(job)" + (launch.slurmTasks.map { " of \($0) task\($0 == 1 ? "" : "s")" } ?? "")
  }

  /// `0-3` for consecutive numbers, otherwise `0,2,5`; of many such numbers only the first ones.
  private static func list(_ numbers: [Int]) -> String {
    guard let first = numbers.first, let last = numbers.last, numbers.count > 1 else {
      return numbers.first.map(String.init) ?? ""
    }
    if last - first == numbers.count - 1 { return "\(first)-\(last)" }
    return numbers.prefix(6).map(String.init).joined(separator: ",") + (numbers.count > 6 ? ",..." : "")
  }

  /// The cores of a host's ranks: `no` where they are not bound, `1 core each`, or the cores of each rank, `0 0-1 2`.
  private static func binding(_ ranks: [RankFacts]) -> String {
    guard ranks.contains(where: \.isBound) else { return "no" }
    let sizes = Set(ranks.map(\.cores.count))
    let areDisjoint = Set(ranks.flatMap(\.cores)).count == ranks.reduce(0) { $0 + $1.cores.count }
    if areDisjoint, let size = sizes.first, sizes.count == 1 { return "\(size) core\(size == 1 ? "" : "s") each" }
    return ranks.prefix(4).map { list($0.cores) }.joined(separator: " ") + (ranks.count > 4 ? " ..." : "")
  }

  /// The hash that all ranks have, shortened; or a note that they differ.
  private static func common(_ hashes: [String?]) -> String {
    let distinct = Set(hashes)
    guard distinct.count == 1, let hash = distinct.first ?? nil else {
      return hashes.contains(nil) ? "cannot be read" : "\(distinct.count) different ones"
    }
    return "sha256 \(hash.prefix(16))" + (hashes.count > 1 ? ", the same on all ranks" : "")
  }

  /// The memory that the ranks of a host need, and the limit that is nearest to it: `112 MiB/24 GiB`.
  private static func memory(_ ranks: [RankFacts]) -> String {
    guard let tightest = MemoryCard.tightest(of: ranks.compactMap(\.memoryCard)) else { return "unknown" }
    func text(_ bytes: Int) -> String { bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB" }
    return "\(text(tightest.needed))/\(text(tightest.limit))"
  }

  private static func size(_ bytes: Int) -> String {
    let value = Double(bytes)
    return bytes >= 1 << 30
      ? "\(Quantity.digits(value / 0x1p30)) GiB"
      : bytes >= 1 << 20 ? "\(Quantity.digits(value / 0x1p20)) MiB" : "\(bytes >> 10) KiB"
  }

  /// The time in Slurm's form: 1-03:00:00.
  private static func time(_ seconds: Int) -> String {
    let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
      .map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: ":")
    return (seconds >= 86_400 ? "\(seconds / 86_400)-" : "") + clock
  }

  /// Words in lines of at most 80 columns; the first line begins with a heading.
  private static func wrapped(_ heading: String, _ words: String) -> String {
    var lines = [heading]
    var isEmpty = true
    for word in words.split(separator: " ") {
      if !isEmpty, lines[lines.count - 1].count + 1 + word.count > 80 {
        lines.append(String(repeating: " ", count: heading.count))
        isEmpty = true
      }
      lines[lines.count - 1] += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines.joined(separator: "\n")
  }
}
