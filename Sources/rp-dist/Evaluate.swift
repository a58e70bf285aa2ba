internal import ArgumentParser
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs
internal import Training

struct Evaluate: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate the model of a run on its test set.",
    discussion: """
      Of a run that was stopped, the newest complete checkpoint is taken, and
      named. A name without a slash is looked for in runs/, too.

      EXAMPLES
        rp-dist evaluate runs/first
        rp-dist evaluate first
        rp-dist evaluate runs/first/checkpoints/step-600
        mpirun -n 4 rp-dist evaluate runs/mnist --data DIR --json
      """)

  @Argument(help: ArgumentHelp("A run folder, one of its checkpoints, or a run's name.", valueName: "RUN"))
  var run: String

  @Option(help: ArgumentHelp("Where the data is now, if not where it was.", valueName: "DIR"))
  var data: String?

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func run(on world: borrowing Communicator) throws {
    let saved = try world.agree(describe: ExitCode.describe) { try SavedRun(path: run, data: data) }
    let evaluation = try saved.evaluate(on: world, describe: ExitCode.describe)
    guard world.rank == 0 else { return }
    if json {
      print(
        try jsonText(
          Output(
            run: run, checkpoint: saved.checkpoint, testLoss: evaluation.loss, testAccuracy: evaluation.accuracy)))
    } else {
      if let checkpoint = saved.checkpoint { print("checkpoint: \(checkpoint)") }
      print("test loss: \(Format.loss(evaluation.loss))")
      if let accuracy = evaluation.accuracy { print("test accuracy: \(Format.percent(accuracy))") }
    }
  }

  private struct Output: Encodable {
    var run: String
    /// The checkpoint that was evaluated, for a run that has not ended; null where the run's model was evaluated.
    @OrNull var checkpoint: String?
    var testLoss: Double
    @OrNull var testAccuracy: Double?
  }
}
