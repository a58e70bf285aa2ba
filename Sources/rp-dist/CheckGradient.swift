internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords

struct CheckGradient: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient",
    abstract: "Compare the gradient with central differences, block by block.",
    usage: "rp-dist check gradient [<CONFIG.yml>] [<options>]",
    discussion: """
      In float64, with regularisation, for every block of parameters:
      approx = (J(w + e) - J(w - e)) / 2e with e = 1e-5 for up to 200 weights
      of the block, exact = backpropagation's, and

        ratio = |approx - exact| / (|approx| + |exact|)     (0 where both are 0)

      A block above 1e-7 differs, and the exit code is 1. Weights whose w + e
      and w - e lie on two sides of a kink (relu, leakyRelu, elu, hinge,
      squaredHinge, and 0 with l1) are counted as skipped and left out.

      A block above 1e-7 is measured again before it is called wrong:
        truncation  it agrees once the error of order e^2 is extrapolated away
                    (4 q(e) - q(2e)) / 3; scale the inputs (data.scale)
        rounding    it is no further off than the rounding of the quotients:
                    4 standard deviations of quotients with nearly the same e,
                    and 4 ulp of the loss / e; the gradient is nearly 0

      Ranks share the weights; the result is the same at any number of them.

      EXAMPLES
        rp-dist check gradient
        rp-dist check gradient my.yml --set loss=squaredHinge
        rp-dist check gradient --run runs/first --samples 100
        mpirun -n 8 rp-dist check gradient --all --json
      """)

  @OptionGroup var checked: CheckedOptions

  @Option(help: ArgumentHelp("The training samples to check on; 10 if left out.", valueName: "N"))
  var samples: Int?

  @Option(help: ArgumentHelp("The most weights of a block to check; 200 if left out.", valueName: "N"))
  var coordinates: Int?

  @Flag(help: "Check all weights on all training samples; may take long.")
  var all = false

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard samples ?? 1 > 0, coordinates ?? 1 > 0 else {
      throw ValidationError("--samples and --coordinates must be at least 1")
    }
    guard !all || (samples == nil && coordinates == nil) else {
      throw ValidationError("--all is every sample and weight; leave out --samples and --coordinates")
    }
  }

  var agreedOptions: String { "\(checked.kind), \(all), \(samples ?? 10), \(coordinates ?? 200)" }

  func run(on world: borrowing Communicator) throws {
    let (configuration, run, title) = try world.agree(describe: ExitCode.describe) {
      let loaded = try checked.load()
      try GradientCheck.requireNoDropout(loaded.configuration.network)
      return loaded
    }
    let objective = try Objective.load(
      configuration, run: run, samples: all ? nil : samples ?? 10, withDropout: false, on: world,
      describe: ExitCode.describe)
    let check = GradientCheck(coordinates: all ? nil : coordinates ?? 200, seed: UInt64(configuration.training.seed))
    let blocks = try check.run(objective, over: world)
    let wrong = blocks.filter { $0.verdict == .differs }.map(\.name)
    if world.rank == 0 {
      if json {
        print(
          try jsonText(
            Output(
              samples: objective.samples, step: GradientCheck.step, tolerance: GradientCheck.tolerance, blocks: blocks,
              passed: wrong.isEmpty)))
      } else {
        print("rp-dist \(version): gradient of \(title), \(objective.samples) samples, float64")
        let width = blocks.reduce(15) { max($0, $1.name.count) } + 1
        print(Self.row(["block", "weights", "checked", "skipped", "|approx|", "|exact|", "ratio", "verdict"], width))
        for block in blocks { print(Self.row(block, width)) }
      }
    }
    try world.failTogether(
      wrong.isEmpty ? nil : "the gradient of \(wrong.joined(separator: ", ")) differs from the central differences")
  }

  private struct Output: Encodable {
    var samples: Int
    var step, tolerance: Double
    var blocks: [GradientCheck.BlockResult]
    var passed: Bool
  }

  private static func row(_ block: GradientCheck.BlockResult, _ width: Int) -> String {
    let cells = [
      block.name, "\(block.parameters)", "\(block.compared)", "\(block.skipped)",
      Format.scientific(block.approximateNorm), Format.scientific(block.exactNorm), Format.scientific(block.ratio),
      block.verdict.rawValue,
    ]
    return row(cells, width)
  }

  /// The first cell is left-aligned in a column of the given width, numbers are right-aligned; narrower than a
  /// `TextTable`, to fit 80 columns.
  private static func row(_ cells: [String], _ width: Int) -> String {
    let padded = zip(cells, [width, 8, 8, 8, 9, 9, 9]).enumerated().map { column, pair in
      let space = String(repeating: " ", count: max(0, pair.1 - pair.0.count))
      return column == 0 ? pair.0 + space : space + pair.0
    }
    return padded.joined() + "  " + (cells.last ?? "")
  }
}
