internal import ArgumentParser
internal import Diagnostics
internal import Foundation
internal import Hypergradients
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords

struct BenchHypergradient: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "Time hypergradients of every strategy beside an ordinary step.",
    usage: "rp-dist bench hypergradient [<options>]",
    discussion: """
      Two and three levels on a 784-256-10 relu classifier with random samples,
      one block, median times. For each strategy:

        ms         the steps W', V' and the hypergradient through them
        steps      the steps W', V' alone
        step       an ordinary step of the teacher
        allowance  one such step per level and a forward-mode pass per product:
                   what exact may take besides the steps
        F B J      forward, backward and forward-mode passes besides the steps
        groups     of the middle and of the leaf passes: ranks in a group share
                   the samples, groups share the directions
        work       greatest work of a rank / mean over the ranks; 1 is balance

      nested always computes in float64.

      EXAMPLES
        rp-dist bench hypergradient
        mpirun -n 2 rp-dist bench hypergradient --levels 3
        mpirun -n 8 rp-dist bench hypergradient --grid 4x2 --json
      """)

  @Option(help: ArgumentHelp("2 or 3; both if left out.", valueName: "N"), transform: levelCount)
  var levels: Int?

  @Option(
    help: ArgumentHelp(
      "\(Strategy.allCases.map(\.rawValue).joined(separator: ", ")); all if left out.", valueName: "NAME"),
    transform: choice)
  var strategy: Strategy?

  @Option(help: ArgumentHelp("Samples of each kind.", valueName: "N"))
  var batch = 100

  @Option(help: ArgumentHelp("Times of which the median is taken.", valueName: "N"))
  var repeats = 51

  @Option(help: ArgumentHelp("BLAS threads.", valueName: "N"))
  var threads = 1

  @Option(
    help: ArgumentHelp("Groups x shards of the ranks, such as 4x2, or auto.", valueName: "GxS"),
    transform: Grid.Choice.init(parsing:))
  var grid = Grid.Choice.automatic

  @Option(help: ArgumentHelp("float32 or float64.", valueName: "NAME"), transform: choice)
  var precision = Precision.float32

  @Flag(help: "Print one JSON object per strategy instead of a table.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(batch), (1...1_000_000).contains(repeats), (1...1024).contains(threads) else {
      throw ValidationError("--batch must be from 1 to 100000, --repeats to 1000000, --threads to 1024")
    }
  }

  var agreedOptions: String {
    "\(levels ?? 0), \(strategy?.rawValue ?? "-"), \(batch), \(repeats), \(threads), \(grid.text), \(precision)"
  }

  func run(on world: borrowing Communicator) throws {
    let ranks = world.ranks
    try world.agree(describe: ExitCode.describe) { try grid.check(ranks: ranks) }
    let benchmark = HypergradientBenchmark(batch: batch, repeats: repeats, threads: threads, grid: grid)
    if world.rank == 0, !json {
      print(
        "rp-dist \(version): hypergradients, 784-256-10, batch \(batch), \(precision.rawValue), \(ranks) \(ranks == 1 ? "rank" : "ranks")"
      )
      print(Self.row(["levels", "strategy", "ms", "steps", "step", "allowance", "F", "B", "J", "groups", "work"]))
    }
    for levels in levels.map({ [$0] }) ?? [2, 3] {
      for strategy in strategy.map({ [$0] }) ?? Strategy.allCases {
        let result =
          precision == .float32 && strategy != .nested
          ? try benchmark.measure(levels: levels, strategy, as: Float.self, over: world)
          : try benchmark.measure(levels: levels, strategy, as: Double.self, over: world)
        guard world.rank == 0 else { continue }
        print(json ? try jsonText(Output(result)) : Self.row(result))
      }
    }
  }

  private struct Output: Encodable {
    var levels: Int
    var strategy, precision: String
    var milliseconds, stepsMilliseconds, stepMilliseconds, forwardModeMilliseconds, allowanceMilliseconds: Double
    var forward, backward, forwardMode: Int
    @OrNull var middleGroups: Int?
    var leafGroups: Int
    /// For each rank.
    var passes: [Int]
    var workMilliseconds: [Double]
    var imbalance: Double

    init(_ result: HypergradientBenchmark.Result) {
      (levels, strategy, precision) = (result.levels, result.strategy.rawValue, result.precision.rawValue)
      (milliseconds, stepsMilliseconds, stepMilliseconds) = (result.milliseconds, result.steps, result.step)
      (forwardModeMilliseconds, allowanceMilliseconds) = (result.forwardMode, result.allowance)
      (forward, backward) = (result.passes.forward, result.passes.backward)
      forwardMode = result.passes.forwardMode
      _middleGroups = OrNull(wrappedValue: result.groups.middle)
      leafGroups = result.groups.leaf
      passes = result.rankPasses.map { $0.forward + $0.backward + $0.forwardMode }
      workMilliseconds = result.rankSeconds.map { 1000 * $0 }
      imbalance = result.imbalance
    }
  }

  private static func row(_ result: HypergradientBenchmark.Result) -> String {
    let passes = result.passes
    return row([
      "\(result.levels)", result.strategy.rawValue, Format.fixed(result.milliseconds, 3),
      Format.fixed(result.steps, 3), Format.fixed(result.step, 3), Format.fixed(result.allowance, 3),
      "\(passes.forward)", "\(passes.backward)",
      "\(passes.forwardMode)", (result.groups.middle.map { "\($0), " } ?? "") + "\(result.groups.leaf)",
      Format.fixed(result.imbalance, 2),
    ])
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [6, 9, 10, 9, 9, 11, 4, 4, 4, 8, 6]).enumerated().map { column, pair in
      let space = String(repeating: " ", count: max(0, pair.1 - pair.0.count))
      return column == 1 ? " " + pair.0 + space : space + pair.0
    }.joined()
  }
}
