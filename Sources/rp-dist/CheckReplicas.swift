internal import ArgumentParser
internal import Diagnostics
internal import MPI
internal import Ranks
internal import RunRecords

struct CheckReplicas: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "replicas",
    abstract: "Train a few steps and compare the weights of all ranks by hash.",
    usage: "rp-dist check replicas [<CONFIG.yml>] [<options>]",
    discussion: """
      Every rank holds a replica of the weights and applies the same update;
      after each step they must be equal bit by bit. Prints one line with
      their SHA-256; a difference ends every rank with exit code 70 and names
      the step and the ranks. Leaves no run folder. During a training run,
      training.checkReplicas=K does the same every K steps.

      EXAMPLES
        mpirun -n 4 rp-dist check replicas
        mpirun -n 4 rp-dist check replicas --run runs/first --steps 100
        mpirun -n 4 rp-dist train --set training.checkReplicas=100
      """)

  @OptionGroup var checked: CheckedOptions

  @Option(help: ArgumentHelp("The number of steps.", valueName: "N"))
  var steps = 10

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    guard (1...1_000_000_000).contains(steps) else { throw ValidationError("--steps must be at least 1") }
  }

  var agreedOptions: String { "\(checked.kind), \(steps)" }

  func run(on world: borrowing Communicator) throws {
    let (configuration, run, title) = try world.agree(describe: ExitCode.describe) { try checked.load() }
    let result = try ReplicaCheck(steps: steps).run(configuration, run: run, on: world, describe: ExitCode.describe)
    guard world.rank == 0 else { return }
    if json {
      print(try jsonText(result))
    } else {
      let ranks = result.ranks == 1 ? "1 rank" : "the same on \(result.ranks) ranks"
      print("\(title) after \(result.steps) steps, \(ranks): sha256 \(result.sha256)")
    }
  }
}
