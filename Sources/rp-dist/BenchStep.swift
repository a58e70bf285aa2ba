internal import ArgumentParser
internal import Diagnostics
internal import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Training

struct BenchStep: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time a training step against its matrix products alone, and its memory.",
    usage: "rp-dist bench step [<options>]",
    discussion: """
      Random samples in memory, median milliseconds of the slowest rank. A step
      reads its samples, computes loss, Ẇ and Ẅ, adds them up over the ranks,
      and updates the weights. The optimizers, in turns:

        rp-paper     residual partitioning in the paper's form (M11), λ = 1
        rp-standard  residual partitioning as it trains by default: by unit
                     (M31), lengths measured (M34), mean of twenty steps
        rp-weight    by weight, with lengths that are found (M33)
        rp-every-4   rp-paper with Ẅ in every fourth step, mean of the four
        sgd, adam    (M17)
        rp-unit      by unit with a given length, where it is named
        by lanes     the one above with training.reproducible (--reproducible)

      Columns:

        ms, least    a step: median and fastest
        products     the matrix products of such a step by OpenBLAS, on
                     matrices of their own; without those of u, Ẅ and Z for
                     sgd and adam
        ratio, least ms / products: the price of all else; of the medians, and
                     of the fastest, which other programs disturb less
        data, stat., update
                     where the step's time went; stat. is loss, Ẇ, Ẅ and
                     their sums over the ranks. On one machine rp-paper and
                     sgd move weights where Ẇ and Ẅ are formed, up to 256
                     samples, but not by lanes or reduction mpi: in update
        MiB, at most
                     what training adds to the process at its peak, and what
                     it may: data, 8 times its parameters, and the workspace

      Under mpirun the ranks share the batch, or each has one (--per-rank).

      EXAMPLES
        rp-dist bench step
        rp-dist bench step --repeats 51 --optimizer rp-paper --optimizer adam
        rp-dist bench step --width 2048 --layers 4 --threads 2
        mpirun -n 2 rp-dist bench step --network mnist-classifier --per-rank
      """)

  @Option(help: ArgumentHelp("Samples of a step, over all ranks together.", valueName: "N"))
  var batch = 100

  @Flag(help: "Let every rank have --batch samples of its own.")
  var perRank = false

  @Flag(help: "Time each also with training.reproducible, in the same turns.")
  var reproducible = false

  @Option(help: ArgumentHelp("Turns; each has at least four timed steps per optimizer.", valueName: "N"))
  var repeats = 25

  @Option(help: ArgumentHelp("BLAS threads of a rank.", valueName: "N"))
  var threads = 1

  @Option(help: ArgumentHelp("float32 or float64.", valueName: "NAME"), transform: choice)
  var precision = Precision.float32

  @Option(
    name: .customLong("optimizer"), parsing: .singleValue,
    help: ArgumentHelp(
      "One of those above or another optimizer, repeatable; those above if left out.", valueName: "NAME"),
    transform: choice)
  var optimizers: [StepRecipe] = []

  @Option(
    name: .customLong("network"), parsing: .singleValue,
    help: ArgumentHelp("A preset's, repeatable; the paper's four if left out.", valueName: "PRESET"),
    transform: BenchmarkNetwork.named)
  var networks: [BenchmarkNetwork] = []

  @Option(help: ArgumentHelp("A softplus classifier of so many hidden units.", valueName: "N"))
  var width: Int?

  @Option(help: ArgumentHelp("The dense layers of that network.", valueName: "N"))
  var layers = 4

  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A setting of the training; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "Print one JSON object per network and optimizer.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(batch), (1...1_000_000).contains(repeats), (1...1024).contains(threads) else {
      throw ValidationError("--batch must be from 1 to 100000, --repeats to 1000000, --threads to 1024")
    }
    guard (1...100_000).contains(width ?? 1), (1...100).contains(layers) else {
      throw ValidationError("--width must be from 1 to 100000, --layers to 100")
    }
  }

  var agreedOptions: String {
    "\(batch), \(perRank), \(reproducible), \(repeats), \(threads), \(precision), \(optimizers.map(\.rawValue)), \(networks.map(\.name)), "
      + "\(width ?? 0), \(layers), \(settings)"
  }

  func run(on world: borrowing Communicator) throws {
    let ranks = world.ranks
    let benchmark = StepBenchmark(
      recipes: optimizers.isEmpty ? StepRecipe.allCases : optimizers, alsoReproducible: reproducible, turns: repeats,
      settings: [
        "training.batch=\(perRank ? batch * ranks : batch)", "training.threads=\(threads)",
        "training.precision=\(precision.rawValue)",
      ] + settings)
    let wide = try width.map { try BenchmarkNetwork.wide($0, layers: layers) }
    let networks =
      networks + (self.networks.isEmpty && wide == nil ? BenchmarkNetwork.paper : []) + [wide].compactMap(\.self)
    for (index, network) in networks.enumerated() {
      let result = try benchmark.measure(network, on: world, describe: ExitCode.describe)
      guard world.rank == 0 else { continue }
      if json {
        for row in result.rows { print(try jsonText(Output(result, row, ranks: ranks))) }
      } else {
        if index == 0 { print(Self.heading(result, ranks: ranks)) }
        print("\n\(result.sizes) (\(result.network))")
        print(Self.table(result))
        for row in result.rows { if let text = Self.unitCost(row.times) { print(text) } }
      }
    }
  }
}

extension BenchStep {
  private struct Output: Encodable {
    var network, sizes, optimizer, precision, blasKernel: String
    /// How the ranks combine their shares of the minibatch; null for a single rank without lanes.
    @OrNull var reduction: String?
    var ranks, batch, threads: Int
    /// Whether the environment chooses the kernels instead of the library.
    var blasKernelIsForced: Bool
    var milliseconds, fastestMilliseconds, productsMilliseconds, fastestProductsMilliseconds: Double
    var ratio, fastestRatio: Double
    var quartilesMilliseconds: [Double]
    var dataMilliseconds, statisticsMilliseconds, updateMilliseconds: Double
    /// What the refreshes and the roots add to a step; null where curvature is not by unit.
    @OrNull var refreshMilliseconds: Double?
    @OrNull var rootMilliseconds: Double?
    @OrNull var peakBytes: Int?
    var processBytes, dataBytes, parameterBytes, workspaceBytes, boundBytes: Int

    init(_ result: StepBenchmarkResult, _ row: (times: StepTimes, memory: StepMemory), ranks: Int) {
      let (times, memory) = row
      (network, sizes, optimizer) = (result.network, result.sizes, times.recipe.rawValue)
      (precision, blasKernel) = (result.precision.rawValue, result.blasKernel)
      (self.ranks, batch, threads) = (ranks, result.batch, result.threads)
      _reduction = OrNull(wrappedValue: ranks > 1 || times.reduction == .lanes ? times.reduction.rawValue : nil)
      (milliseconds, productsMilliseconds, ratio) = (times.milliseconds, times.products, times.ratio)
      (fastestMilliseconds, fastestProductsMilliseconds) = (times.fastest, times.fastestProducts)
      fastestRatio = times.fastestRatio
      blasKernelIsForced = Launcher.environment("OPENBLAS_CORETYPE") != nil
      quartilesMilliseconds = times.quartiles
      (dataMilliseconds, statisticsMilliseconds, updateMilliseconds) = (times.data, times.statistics, times.update)
      _refreshMilliseconds = OrNull(wrappedValue: times.unitCost?.refresh)
      _rootMilliseconds = OrNull(wrappedValue: times.unitCost?.root)
      _peakBytes = OrNull(wrappedValue: memory.peakBytes)
      (processBytes, dataBytes, parameterBytes) = (memory.processBytes, memory.dataBytes, memory.parameterBytes)
      (workspaceBytes, boundBytes) = (memory.workspaceBytes, memory.boundBytes)
    }
  }

  private static func heading(_ result: StepBenchmarkResult, ranks: Int) -> String {
    func many(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
    return "rp-dist \(version): steps of \(many(result.batch, "sample")), \(result.precision.rawValue), "
      + many(ranks, "rank") + (ranks > 1 ? " (reduction \(result.rows[0].times.reduction.rawValue))" : "")
      + ", \(many(result.threads, "BLAS thread")), \(result.blasKernel)"
      + (Launcher.environment("OPENBLAS_CORETYPE") == nil ? "" : " (by OPENBLAS_CORETYPE)")
  }

  /// The share of refreshes and roots in a step; nil where there are none.
  private static func unitCost(_ times: StepTimes) -> String? {
    times.unitCost.map { cost in
      func part(_ milliseconds: Double) -> String {
        "\(Format.fixed(milliseconds, 3)) ms (\(Format.fixed(100 * milliseconds / times.milliseconds, 1)) %)"
      }
      return "\(times.recipe.rawValue): of a step, refreshes \(part(cost.refresh)), roots \(part(cost.root))"
    }
  }

  private static func table(_ result: StepBenchmarkResult) -> String {
    func mebibytes(_ bytes: Int) -> String { Format.fixed(Double(bytes) / 0x1p20, 1) }
    var table = TextTable(
      ["", "ms", "least", "products", "ratio", "least", "data", "stat.", "update", "MiB", "at most"], leftColumns: 1)
    for (times, memory) in result.rows {
      let name = times.reduction == .lanes ? "  by lanes" : times.recipe.rawValue
      let milliseconds = [times.milliseconds, times.fastest, times.products]
      let parts = [times.data, times.statistics, times.update]
      table.append(
        [name] + milliseconds.map { Format.fixed($0, 3) }
          + [times.ratio, times.fastestRatio].map { Format.fixed($0, 2) } + parts.map { Format.fixed($0, 3) }
          + [memory.addedBytes.map(mebibytes) ?? "-", mebibytes(memory.boundBytes)])
    }
    return table.text
  }
}
