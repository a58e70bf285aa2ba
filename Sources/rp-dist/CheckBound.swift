internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Kernels
internal import MPI
internal import Networks
internal import Ranks
internal import RunRecords
internal import Training

struct CheckBound: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "bound",
    abstract: "Check that the quadratic of residual partitioning bounds the loss's model.",
    usage: "rp-dist check bound [<CONFIG.yml>] [<options>]",
    discussion: """
      In float64, on one minibatch. With B(dw) = J + sum W1 dw + sum W2 dw^2 / 2
      (W1, W2 the statistics of residual partitioning) it tells

        decrease   B(0) - B(dw) and J(w) - J(w + dw) for the step of
                   lambda = 1 without damping, regularisation included
        steps      for how many random steps the second-order model of the
                   loss lies above B: dw' H dw > sum W2 dw^2. Must be 0
        tightness  the largest eigenvalue of D^-1/2 H D^-1/2 with D = W2, for
                   at most 400 weights: at most 1, and 1 where B is attained

      For bound paper the model has no products of weight changes of several
      layers (M12); for full it is the exact one (M13). A regulariser's
      curvature is exact and belongs to model and bound alike, so it cancels.
      With --partition unit D has a block for every unit of a dense layer (M28),
      and the check tells how far the factored form g A (M29) is from it.
      Batch normalisation counts as frozen at the minibatch's mean and
      variance, dropout masks are those of the seed and epoch 0. Steps are
      dense, sparse, single weights, single blocks, and against the gradient,
      of sizes 0.01 to 100. Exit code 1 where the bound fails.

      EXAMPLES
        rp-dist check bound
        rp-dist check bound --bound full --steps 1000
        rp-dist check bound --run runs/first
        rp-dist check bound --set 'network=[{dense: 4}, tanh, {dense: 10}]'
      """)

  @OptionGroup var checked: CheckedOptions

  @Option(
    help: ArgumentHelp("paper (M12) or full (M13); optimizer.bound if left out.", valueName: "NAME"), transform: choice)
  var bound: Bound?

  @Option(
    help: ArgumentHelp("weight (M9), or unit (M28): a block for every output unit.", valueName: "NAME"),
    transform: choice)
  var partition = Partition.weight

  @Option(help: ArgumentHelp("The number of random steps.", valueName: "N"))
  var steps = 100

  @Option(help: ArgumentHelp("The training samples to check on; training.batch if left out.", valueName: "N"))
  var samples: Int?

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    guard (0...1_000_000_000).contains(steps), samples ?? 1 > 0 else {
      throw ValidationError("--steps must not be negative, and --samples must be at least 1")
    }
  }

  var agreedOptions: String {
    "\(checked.kind), \(bound?.rawValue ?? "-"), \(partition.rawValue), \(steps), \(samples.map(String.init) ?? "-")"
  }

  func run(on world: borrowing Communicator) throws {
    let (configuration, run, title) = try world.agree(describe: ExitCode.describe) { try checked.load() }
    let objective = try Objective.load(
      configuration, run: run, samples: samples ?? configuration.training.batch, withDropout: true, on: world,
      describe: ExitCode.describe)
    let chosen = bound ?? configuration.optimizer.bound
    let check = BoundCheck(steps: steps, seed: UInt64(configuration.training.seed))
    if partition == .unit {
      try world.agree(describe: ExitCode.describe) {
        let count = objective.network.unitStatisticsCount(wantsBlocks: true)
        try requireMemory(for: objective.network, samples: objective.samples, beside: 5 * count)
      }
    }
    let result = try check.run(
      objective,
      QuadraticBound(
        objective, chosen, partition: partition, lossPartition: configuration.optimizer.lossPartition), over: world)
    if world.rank == 0 {
      if json {
        print(
          try jsonText(
            Output(
              bound: chosen, partition: partition, samples: objective.samples, passed: result.passed, result: result)))
      } else {
        let form = partition == .unit ? " by unit" : ""
        print("rp-dist \(version): bound \(chosen.rawValue)\(form) of \(title), \(objective.samples) samples, float64")
        print(result.summary)
      }
    }
    try world.failTogether(
      result.passed ? nil : "the bound \(chosen.rawValue) does not hold: \(result.reason)")
  }

  private struct Output: Encodable {
    var bound: Bound
    var partition: Partition
    var samples: Int
    var passed: Bool
    var result: BoundCheck.Result

    private enum CodingKeys: String, CodingKey {
      case bound, partition, samples, passed, failureShare
    }

    func encode(to encoder: any Encoder) throws {
      try result.encode(to: encoder)
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(bound, forKey: .bound)
      try values.encode(partition, forKey: .partition)
      try values.encode(samples, forKey: .samples)
      try values.encode(passed, forKey: .passed)
      try values.encode(result.failureShare, forKey: .failureShare)
    }
  }
}

extension BoundCheck.Result {
  /// The reason why the check did not pass.
  fileprivate var reason: String {
    if failures > 0 { return "it fails for \(failures) of \(steps) random steps" }
    if let block = uncovered.first { return "\(block) has curvature, but no second-order coefficient" }
    return "there is a direction with \(Format.fixed(tightness ?? 0, 6)) times its curvature"
  }

  /// The lines that `check bound` prints.
  fileprivate var summary: String {
    var lines = [
      "decrease by the step of lambda = 1: predicted \(Format.scientific(predictedDecrease)), actual "
        + Format.scientific(actualDecrease) + (decreaseRatio.map { ", ratio " + Format.fixed($0, 3) } ?? ""),
      "random steps: \(steps), the bound fails for \(failures) (\(Format.percent(failureShare)))",
    ]
    if let largestRatio {
      lines.append("largest share of the bound's curvature along a step: \(Format.fixed(largestRatio, 6))")
    }
    if let tightness { lines.append("tightness, the same in the worst direction: \(Format.fixed(tightness, 6))") }
    if let factoredRatio {
      lines.append(
        "exact blocks relative to the factored form g A: at most \(Format.fixed(factoredRatio, 3)) in any direction")
    }
    if !uncovered.isEmpty {
      lines.append("curvature without a bound (second-order coefficient 0): " + uncovered.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }
}
