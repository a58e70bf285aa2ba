internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Foundation
internal import MPI
internal import Optimizers
internal import Ranks
internal import RunRecords

struct Compare: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare optimizers: same initial weights, same minibatches.",
    usage: "rp-dist compare [<CONFIG.yml>] --optimizers <a,b,c> [<options>]",
    discussion: """
      Every optimizer is trained with every learning rate of its grid
      (compare.learningRates.NAME), with every schedule of compare.schedules,
      with every seed. Of each, the setting with the least mean validation
      loss over the seeds is shown, or test loss where data.validation is 0.
      Residual partitioning finds its learning rate by itself and is tried as
      it is configured, unless it is given a grid.

      With --budget epochs (the default) all runs have the configuration's
      epochs; with --budget time each has the time that SGD takes for them.

      --out writes one record per run: optimizer, learningRate (null where the
      optimizer finds it), schedule, seed, epochs, steps, ranks, seconds,
      secondsPerStep, trainingLoss, validationLoss, testLoss, testAccuracy.
      Losses are without regularisation, and null where training diverged.
      With --json, what an optimizer has no value of is null too.

      SETTINGS (those of 'train', and in section compare)
      \(Setting.meanings(of: "compare"))

      EXAMPLES
        rp-dist compare --optimizers residualPartitioning,adam --seeds 1..5
        rp-dist compare --preset mnist-classifier --data DIR \\
          --optimizers residualPartitioning,adam,sgd --seeds 1..3 \\
          --set training.epochs=5 --out classifier.json \\
          --set 'compare.learningRates.adam=[3e-4, 1e-3, 3e-3, 1e-2]'
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "Separated by commas: \(OptimizerConfiguration.Name.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "a,b,c"),
    transform: optimizerNames)
  var optimizers: [OptimizerConfiguration.Name]

  @Option(help: ArgumentHelp("The seeds: 1..5, or 1,2,7.", valueName: "LIST"), transform: seedList)
  var seeds = [1, 2, 3]

  @Option(help: ArgumentHelp("What is equal for all: epochs or time.", valueName: "NAME"), transform: choice)
  var budget = Comparison.Budget.epochs

  @Option(help: ArgumentHelp("A file for one record per run.", valueName: "FILE.json"))
  var out: String?

  @Flag(help: "Print one JSON object with the summaries instead of a table.")
  var json = false

  var agreedOptions: String {
    "\(optimizers.map(\.rawValue)) \(seeds) \(budget.rawValue) \(out ?? "") \(json)"
  }

  var output: OutputUse { json ? .result : .progress }
  var usesWholeJob: Bool { true }

  func run(on world: borrowing Communicator) throws {
    let isTalking = world.rank == 0 && !json
    let comparison = try world.agree(describe: ExitCode.describe) {
      try Comparison(try options.source().configuration(), optimizers: optimizers, seeds: seeds, budget: budget)
    }
    try withOut(on: world) { try checkWritable($0) }
    if isTalking { print("\(comparison.runs) runs on \(world.ranks) rank\(world.ranks == 1 ? "" : "s")") }
    let summaries = try comparison.run(on: world, describe: ExitCode.describe) { doubt in
      if world.rank == 0 { Program.say("note: \(doubt)") }
    } report: { records in
      try withOut(on: world) { try writeWhole(try jsonText(records, indented: true) + "\n", to: $0) }
      guard isTalking, let last = records.last else { return }
      print(ComparisonTable.line(last, number: records.count, of: comparison.runs))
      fflush(nil)
    }
    guard world.rank == 0 else { return }
    if json {
      print(try jsonText(Output(summaries: summaries)))
    } else {
      print(ComparisonTable.text(summaries, seeds: seeds.count))
      if let out { print("records: \(out)") }
    }
  }

  /// Calls `work` with the path of ``out``, if there is one, on rank 0. Collective.
  private func withOut(on world: borrowing Communicator, _ work: (String) throws -> Void) throws {
    try world.agree(describe: ExitCode.describe) {
      if let out, world.rank == 0 { try work(out) }
    }
  }

  private struct Output: Encodable { var summaries: [ComparisonSummary] }
}

/// `a,b,c` as optimizers, each once.
private func optimizerNames(_ text: String) throws -> [OptimizerConfiguration.Name] {
  let names: [OptimizerConfiguration.Name] = try text.split(separator: ",", omittingEmptySubsequences: false).map {
    try choice($0.trimmingCharacters(in: .whitespaces))
  }
  guard Set(names).count == names.count else { throw ValidationError("an optimizer is named twice in '\(text)'") }
  return names
}

/// `1..5` or `1,2,7` as seeds, each once.
private func seedList(_ text: String) throws -> [Int] {
  let parts = text.components(separatedBy: "..")
  let seeds: [Int?]
  if parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]), first >= 0, first <= last,
    last - first < 10_000
  {
    seeds = Array(first...last)
  } else {
    seeds = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
  }
  let known = seeds.compactMap { $0 }
  guard known.count == seeds.count, known.allSatisfy({ $0 >= 0 }), Set(known).count == known.count else {
    throw ValidationError("'\(text)' is no list of seeds; write 1..5 or 1,2,7, each seed once and not negative")
  }
  return known
}
