internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import MPI
internal import Ranks
internal import RunRecords

struct BenchScaling: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Time a step on 1, 2, 4, … of these ranks, and predict it for 4096.",
    usage: "rp-dist bench scaling [<CONFIG.yml>] [<options>]",
    discussion: """
      Steps on random samples in the shape of the preset's data (default:
      mnist-classifier). Strong: the batch is shared by all ranks; weak: it is
      that of each rank. Ranks that are not needed sleep. Columns:

        sums       node: the ranks of a host share memory; mpi: allreduce
        step       median of the slowest rank
        load       ranks for each core where oversubscribed
        products   share of matrix products, timed alone; elementwise: all
                   else that a rank computes; reduction; waiting for slower
                   ranks, in steps with a barrier before each reduction
        model      what the model below says, and its error

      The model: load x (c0 + c1 b + update) + reduction, for b samples on a
      rank. A reduction of n bytes over M nodes with k ranks each takes
        flat   2 r log2(k) a' + 2 (k-1)/k n b' + 2 r log2(M) a + 2 (M-1)/M n b
        node   6 log2(k) a' + 2 r log2(M) a + 2 (M-1)/M n b
      with r the pieces of what a rank sends (reduction.pieceBytes), 1 whole;
      a, b of the link between nodes and a', b' within one; node: the
      ranks of a node share activations, and each updates its part of the
      weights. c0, c1 and the update are measured here, a and b by 'bench
      network' or named by --link. Predictions for more ranks stand below
      the measured points, and none are made without a link between nodes.

      EXAMPLES
        mpirun -n 2 rp-dist bench scaling
        mpirun -n 8 rp-dist bench scaling --link 10Gbit:20us \\
          --ranks-per-node 32
        mpirun -n 4 --map-by node rp-dist bench scaling --network net.json
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("Samples: of all ranks, or of each; training.batch if left out.", valueName: "N"))
  var batch: Int?

  @Option(help: ArgumentHelp("Most steps timed for one number of ranks.", valueName: "N"))
  var repeats = 201

  @Option(help: ArgumentHelp("What each measurement takes, about.", valueName: "S"))
  var seconds = 3.0

  @Option(help: ArgumentHelp("What 'bench network --json' printed; else measured.", valueName: "FILE"))
  var network: String?

  @Option(help: ArgumentHelp("The link to predict for, such as 10Gbit:20us.", valueName: "RATE:LATENCY"))
  var link: String?

  @Option(help: ArgumentHelp("Ranks of a node in predictions.", valueName: "K"))
  var ranksPerNode: Int?

  @Flag(help: "Compare by least times, not medians: for busy machines.")
  var least = false

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func validate() throws {
    guard batch.map((1...100_000).contains) ?? true, (3...1_000_000).contains(repeats), (0...3600).contains(seconds),
      ranksPerNode.map((1...4096).contains) ?? true
    else {
      throw ValidationError(
        "--batch must be from 1 to 100000, --repeats from 3 to 1000000, --seconds to 3600, --ranks-per-node to 4096")
    }
  }

  var agreedOptions: String {
    "\(batch ?? 0), \(repeats), \(seconds), \(network ?? "-"), \(link ?? "-"), \(ranksPerNode ?? 0), \(least), \(json)"
  }

  func run(on world: borrowing Communicator) throws {
    let benchmark = try world.agree(describe: ExitCode.describe) {
      let settings = try scaledConfiguration()
      return ScalingBenchmark(
        settings, batch: batch ?? settings.training.batch, repeats: repeats, seconds: seconds,
        network: try network.map { try NetworkReport(contentsOf: $0) }, link: try link.map { try Link(parsing: $0) },
        ranksPerNode: ranksPerNode, statistic: least ? .least : .median)
    }
    let report = try benchmark.run(on: world, describe: ExitCode.describe)
    guard world.rank == 0 else { return }
    print(json ? try jsonText(report) : report.text)
  }

  /// The configuration whose step is timed. Its samples are random, so no data files are needed.
  private func scaledConfiguration() throws -> Configuration {
    var options = options
    if options.preset == nil, options.file == nil { options.preset = "mnist-classifier" }
    var source = try options.source()
    do {
      return try source.configuration()
    } catch let error as ConfigurationError {
      guard source.data == nil else { throw error }
      source.data = "random"
      guard let configuration = try? source.configuration() else { throw error }
      return configuration
    }
  }
}
