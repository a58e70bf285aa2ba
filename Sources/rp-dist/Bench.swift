internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import MPI
internal import RunRecords
internal import Training

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the program's speed on this machine.",
    discussion: """
      EXAMPLES
        rp-dist bench step
        mpirun -n 2 rp-dist bench hypergradient
        mpirun -n 4 rp-dist bench network
        mpirun -n 4 rp-dist bench scaling
      """,
    subcommands: [BenchStep.self, BenchHypergradient.self, BenchNetwork.self, BenchScaling.self])
}

struct BenchStep: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time a step of residual partitioning against its matrix products alone.",
    usage: "rp-dist bench step [<options>]",
    discussion: """
      The six networks of the paper, median times. A step reads its samples,
      computes loss, Ẇ and Ẅ, and updates the weights; the products are the
      same matrix products on matrices of their own, so the ratio is the price
      of all else.

      EXAMPLES
        rp-dist bench step
        rp-dist bench step --precision float64 --repeats 51
      """)

  @Option(help: ArgumentHelp("Samples of a step.", valueName: "N"))
  var batch = 100

  @Option(help: ArgumentHelp("Times of which the median is taken.", valueName: "N"))
  var repeats = 101

  @Option(help: ArgumentHelp("BLAS threads.", valueName: "N"))
  var threads = 1

  @Option(help: ArgumentHelp("float32 or float64.", valueName: "NAME"), transform: choice)
  var precision = Precision.float32

  @Flag(help: "Print one JSON object per network instead of a table.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(batch), (1...1_000_000).contains(repeats), (1...1024).contains(threads) else {
      throw ValidationError("--batch must be from 1 to 100000, --repeats to 1000000, --threads to 1024")
    }
  }

  func run(on world: borrowing Communicator) throws {
    guard world.rank == 0 else { return }
    let benchmark = StepBenchmark(batch: batch, repeats: repeats, threads: threads)
    if !json { print(Self.row(["preset", "step ms", "products ms", "ratio", "network"])) }
    for preset in Preset.paper {
      let features = preset.name.hasPrefix("cifar") ? 3072 : 784
      let result =
        switch precision {
        case .float32: try benchmark.measure(preset, features: features, as: Float.self)
        case .float64: try benchmark.measure(preset, features: features, as: Double.self)
        }
      if json {
        print(
          try jsonText(
            Output(
              preset: preset.name, network: result.network, stepMilliseconds: result.step,
              productsMilliseconds: result.products, ratio: result.ratio)))
      } else {
        print(
          Self.row([
            preset.name, Format.fixed(result.step, 3), Format.fixed(result.products, 3),
            Format.fixed(result.ratio, 3), result.network,
          ]))
      }
    }
  }

  private struct Output: Encodable {
    var preset, network: String
    var stepMilliseconds, productsMilliseconds, ratio: Double
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [26, 10, 13, 8, 0]).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }.joined()
  }
}
