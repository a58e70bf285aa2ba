internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Hypergradients
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords

struct CheckHypergradient: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "Compare hypergradients by differences with forward mode, over radii.",
    usage: "rp-dist check hypergradient [<CONFIG.yml>] [<options>]",
    discussion: """
      In float64, on the configuration's own network, loss and data: the
      derivative of the validation loss by the weights of some training
      examples, through one step of the network and, with three levels, one of
      a student that learns its labels: that of reweight.student, or the same
      network with other new parameters. Both steps are of rate 0.1 by the
      mean over the samples; pairs count 0.5; dropout masks are those of the
      seed and epoch 0.

        difference = |by differences - exact| / |exact|       (0 where both are 0)
        rounding   = spread of the differences at nearly the same radius
        order      = how fast the difference falls with the radius

      for the strategies nested and fused, and radii from 0.1 to 1e-6. A
      strategy agrees where its second least difference is at most 1000 times
      what rounding allows (1.1e-5 nested, 2.3e-8 fused; one radius may be right
      by chance), and where, at the smallest radii with a difference above ten
      times its rounding, the order is 2 within 0.2. Radii at which a
      perturbation crosses a kink (relu, leakyRelu, elu, hinge, squaredHinge)
      are marked, and left out. Exit code 1 where a strategy does not agree, or
      all radii have kinks: take fewer samples then.

      Ranks share directions and samples.

      EXAMPLES
        rp-dist check hypergradient
        rp-dist check hypergradient my.yml --levels 3 --blocks layers
        rp-dist check hypergradient --run runs/first --samples 5
        mpirun -n 4 rp-dist check hypergradient --json
      """)

  @OptionGroup var checked: CheckedOptions

  @Option(
    help: ArgumentHelp("2, or 3 with a student; reweight.levels, or 2, if left out.", valueName: "N"),
    transform: levelCount)
  var levels: Int?

  @Option(help: ArgumentHelp("The samples of each kind.", valueName: "N"))
  var samples = 10

  @Option(
    help: ArgumentHelp(
      "joint, layers, or groups of layers: encoder=0-2,head=4; those of reweight.blocks if left out.",
      valueName: "BLOCKS"),
    transform: ParameterGroups.init(parsing:))
  var blocks: ParameterGroups?

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(samples) else { throw ValidationError("--samples must be from 1 to 1000000") }
    if case .named(let groups)? = blocks, groups.contains(where: { $0.radius != nil }) {
      throw ValidationError("--blocks: the check sweeps the radius; leave out those of the groups")
    }
  }

  var agreedOptions: String { "\(checked.kind), \(levels ?? 0), \(samples), \(blocks?.text ?? "-")" }

  func run(on world: borrowing Communicator) throws {
    let (configuration, run, title) = try world.agree(describe: ExitCode.describe) { try checked.load() }
    let levels = levels ?? configuration.reweight?.levels ?? 2
    let problem = try HypergradientProblem.load(
      configuration, run: run, levels: levels, groups: blocks, samples: samples, on: world, describe: ExitCode.describe)
    let exact = try problem.estimate(.exact, radius: 1, over: world).values
    guard exact.allSatisfy(\.isFinite) else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "the hypergradient is not finite at these weights and samples; there is nothing to check")
    }
    let outcomes = try HypergradientCheck().run(exact: exact) { strategy, radius in
      try problem.estimate(strategy, radius: radius, over: world)
    }
    let failure = outcomes.compactMap(\.failure).first
    if world.rank == 0 {
      if json {
        print(
          try jsonText(Output(levels: levels, samples: samples, strategies: outcomes, passed: failure == nil)))
      } else {
        print(
          "rp-dist \(version): hypergradient of \(title), \(levels) levels, \(samples) samples, float64")
        print(Self.table(outcomes))
      }
    }
    try world.failTogether(failure)
  }

  private struct Output: Encodable {
    var levels, samples: Int
    var strategies: [HypergradientCheck.Outcome]
    var passed: Bool
  }

  /// A row for each radius, with the strategies side by side, then a line for each verdict.
  private static func table(_ outcomes: [HypergradientCheck.Outcome]) -> String {
    var lines = [line([""] + outcomes.flatMap { [$0.strategy, "", ""] })]
    lines.append(line(["radius"] + outcomes.flatMap { _ in ["difference", "rounding", "order"] }))
    for (index, radius) in HypergradientCheck.radii.enumerated() {
      lines.append(line([Format.scientific(radius)] + outcomes.flatMap { cells($0.rows[index]) }))
    }
    return (lines + outcomes.map(\.summary)).joined(separator: "\n")
  }

  private static func cells(_ row: HypergradientCheck.Row) -> [String] {
    let order = row.crossesKinks ? "kinks" : row.order.map { Format.fixed($0, 2) } ?? "-"
    return [Format.scientific(row.difference), Format.scientific(row.rounding), order]
  }

  private static func line(_ cells: [String]) -> String {
    zip(cells, [8, 13, 10, 8, 13, 10, 8]).map { cell, width in
      String(repeating: " ", count: max(0, width - cell.count)) + cell
    }.joined()
  }
}

extension HypergradientCheck.Outcome {
  fileprivate var summary: String {
    var parts = ["\(strategy): \(verdict == .agrees ? "agrees" : "differs")"]
    if let best {
      parts.append("difference \(Format.scientific(best)), at most \(Format.scientific(tolerance))")
    }
    parts.append(order.map { "order \(Format.fixed($0, 2))" } ?? "no order to see")
    return parts.joined(separator: "; ")
  }

  /// The reason why the strategy does not agree; nil where it does.
  fileprivate var failure: String? {
    switch verdict {
    case .agrees: nil
    case .order:
      "\(strategy) differs from the exact hypergradient: its difference falls with the power "
        + "\(Format.fixed(order ?? 0, 2)) of the radius, not with its square"
    case .tolerance:
      "\(strategy) differs from the exact hypergradient: the difference is \(Format.scientific(best ?? 0)), above "
        + Format.scientific(tolerance)
    case .kinks:
      "\(strategy) cannot be checked: nearly all radii have a kink within reach; take fewer --samples"
    }
  }
}
