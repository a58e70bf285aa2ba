internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import MPI
internal import Ranks
internal import RunRecords

struct BenchNetwork: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Measure latency and bandwidth of the allreduce between these ranks.",
    usage: "rp-dist bench network [<options>]",
    discussion: """
      Times the sum of floats over all ranks, in place, for 4 B to 16 MiB: the
      median and the least time of the slowest rank. Where the ranks are on
      several hosts, with several on one, also over the ranks of one host
      (node) and over one rank of each host (cross).

      Of each group it prints alpha and beta, the line alpha + beta x bytes
      with the least relative deviations from the medians, and from the least
      times. With one rank there is nothing to measure. Sums go in the pieces
      in which a training sends them: reduction.pieceBytes.

      EXAMPLES
        mpirun -n 4 rp-dist bench network
        mpirun -n 8 --map-by node rp-dist bench network --json > net.json
        mpirun -n 8 --map-by node rp-dist bench scaling --network net.json
      """)

  @Option(help: ArgumentHelp("Most repeats of one size.", valueName: "N"))
  var repeats = 1000

  @Option(help: ArgumentHelp("What a group's sizes take together, about.", valueName: "S"))
  var seconds = 10.0

  @Option(help: ArgumentHelp("The greatest size in bytes.", valueName: "BYTES"))
  var most = 1 << 24

  @Option(help: ArgumentHelp("auto, whole, or the bytes of a piece.", valueName: "SIZE"))
  var pieceBytes = "auto"

  @Flag(help: "Print one JSON object, which bench scaling reads.")
  var json = false

  func validate() throws {
    guard (3...1_000_000).contains(repeats), (0...3600).contains(seconds), (4...1 << 30).contains(most) else {
      throw ValidationError("--repeats must be from 3 to 1000000, --seconds to 3600, --most from 4 to 1073741824")
    }
  }

  var agreedOptions: String { "\(repeats), \(seconds), \(most), \(pieceBytes), \(json)" }

  func run(on world: borrowing Communicator) throws {
    let sizes = (NetworkBenchmark.sizes + [1 << 26, 1 << 28, 1 << 30]).filter { $0 <= most }
    let size = try world.agree(describe: ExitCode.describe) { try PieceSize(parsing: pieceBytes) }
    let report = try NetworkBenchmark(sizes: sizes, repeats: repeats, seconds: seconds)
      .measure(inPieces: size, on: world)
    guard world.rank == 0 else { return }
    if json { return print(try jsonText(report)) }
    print("rp-dist \(version): allreduce of floats, in place, \(report.placementText)")
    guard report.world != nil else { return print("one rank reduces with nobody: there is nothing to measure") }
    for (name, group) in [("world", report.world), ("node", report.node), ("cross", report.cross)] {
      if let group { print("\n" + group.text(name, pieceBytes: report.pieceBytes)) }
    }
  }
}

extension NetworkReport {
  /// The number of ranks, and their hosts.
  var placementText: String {
    let list = hosts.map { "\($0.name) \($0.ranks)/\($0.cores)" }.joined(separator: ", ")
    let shown = hosts.count <= 8 ? " (ranks/cores: \(list))" : ""
    return "\(ranks) \(ranks == 1 ? "rank" : "ranks") on \(hosts.count) \(hosts.count == 1 ? "host" : "hosts")\(shown)"
      + (oversubscribed ? ", oversubscribed" : "")
      + (pieceBytes.map { "; in pieces of \(Quantity.bytes($0))" } ?? "")
  }
}

extension NetworkReport.Group {
  func text(_ name: String, pieceBytes: Int?) -> String {
    var table = TextTable(["bytes", "repeats", "median", "least", "bytes/median", "fit"])
    for time in times {
      table.append([
        Quantity.bytes(time.bytes), "\(time.repeats)", Quantity.seconds(time.median), Quantity.seconds(time.minimum),
        Quantity.rate(Double(time.bytes) / time.median),
        Quantity.percent(cost(Double(time.bytes)) / time.median - 1, signed: true),
      ])
    }
    return "\(name): \(ranks) ranks\(oversubscribed ? ", oversubscribed" : "")\n\(table.text)\n"
      + "medians: \(Self.text(cost, link(.median, pieceBytes: pieceBytes)))\n"
      + "  least: \(Self.text(leastCost, link(.least, pieceBytes: pieceBytes)))"
  }

  private static func text(_ cost: LinearCost, _ link: Link) -> String {
    let slope = cost.slope > 0 ? "\(Quantity.digits(cost.slope * 1e9)) ns/B = \(Quantity.rate(1 / cost.slope))" : "0"
    return "alpha \(Quantity.seconds(cost.fixed)), beta \(slope); "
      + "a message of it: \(Quantity.seconds(link.latency)), \(Quantity.digits(link.secondsPerByte * 1e9)) ns/B"
  }
}
