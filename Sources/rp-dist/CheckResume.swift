internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import MPI
internal import Ranks
internal import RunRecords

struct CheckResume: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Break a training off, resume it, and compare it bit by bit.",
    usage: "rp-dist check resume [<CONFIG.yml>] [<options>]",
    discussion: """
      Trains a few steps, and the same steps again with a break: what the
      first steps leave in a checkpoint on disk, the others start from. Both
      must end with the same bits in parameters, averages and all else that a
      checkpoint holds. On several ranks the same is done on half of them; a
      configuration with training.reproducible is also broken off on one
      number of ranks and resumed on the other. A configuration with a
      section reweight learns weights as well.

      The first tensor that differs is named; the exit code then is 1. Leaves
      no run folder.

      EXAMPLES
        rp-dist check resume
        mpirun -n 4 rp-dist check resume my.yml --steps 100
        mpirun -n 4 rp-dist check resume --set training.reproducible=true
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("The number of steps; the break is after half of them.", valueName: "N"))
  var steps = 20

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    guard (2...1_000_000_000).contains(steps) else { throw ValidationError("--steps must be at least 2") }
  }

  var agreedOptions: String { "\(steps)" }

  func run(on world: borrowing Communicator) throws {
    let (configuration, title) = try world.agree(describe: ExitCode.describe) {
      let configuration = try options.source().configuration()
      return (configuration, options.title(configuration))
    }
    let result = try ResumeCheck(steps: steps).run(
      configuration, learnsWeights: configuration.reweight != nil, on: world, describe: ExitCode.describe)
    if let result {
      if json {
        print(try jsonText(result))
      } else {
        print("\(title), \(result.steps) steps, broken off after \(result.brokenAfter):")
        print(result.table)
        if result.holds { print("the same bits as without a break") }
      }
    }
    let failed = result?.comparisons.first { $0.difference != nil }
    try world.failTogether(
      failed.map { "a training that was resumed differs from the unbroken one, first in \($0.difference ?? "")" })
  }
}

extension ResumeCheck.Result {
  fileprivate var table: String {
    var table = TextTable(["broken on", "resumed on", "unbroken on", "tensors", "bytes", "sha256", "bits"])
    for row in comparisons {
      table.append([
        "\(row.brokenOn)", "\(row.resumedOn)", "\(row.unbrokenOn)", "\(row.tensors)", "\(row.bytes)",
        String(row.sha256.prefix(12)), row.difference == nil ? "equal" : "differ",
      ])
    }
    return table.text
  }
}
