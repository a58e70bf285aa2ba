internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs

struct Reweight: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learn what each training example is worth, by hypergradients.",
    usage: "rp-dist reweight [<CONFIG.yml>] [<options>]",
    discussion: """
      Trains like 'train', but with a weight for each training example. After a
      step the derivative of the validation loss by the weights of its examples
      is computed, and these are updated. Examples with wrong labels end with
      small weights. The validation set (data.validation) must have true labels.

      The network is trained several times (cycles), each from the same first
      parameters. From the second time on a weight starts at the probability
      that the label is true, by the network of the cycle before, and is drawn
      to it. That network's outputs are scaled to fit the validation set, and
      tell how labels were flipped. This takes two levels and the loss
      softmaxCrossEntropy; else there is one cycle.

      With three levels the weighted network is a teacher: a student learns its
      labels of samples whose own labels are hidden, and the student is validated.

      The run folder also has weights.csv and weights.safetensors (id, label,
      weight, loss, margin) and, with three levels, student.safetensors.

      SETTINGS (those of 'train', and in section reweight)
      \(Setting.meanings(of: "reweight"))

      Derivatives are what the validation loss changes by with the weights.
      rp-dist settings reweight tells of each key's default.

      A run that was cut off goes on with --resume, as that of 'train'.

      EXAMPLES
        rp-dist reweight --preset noisy-digits-reweight
        mpirun -n 4 rp-dist reweight --preset noisy-mnist-reweight --data DIR
        rp-dist reweight --preset teacher-student
        rp-dist reweight my.yml --set data.validation=500
      """)

  @OptionGroup var options: ConfigurationOptions

  @OptionGroup var resume: ResumeOptions

  @Flag(help: "Print one JSON object with the results instead of text.")
  var json = false

  var agreedOptions: String { resume.agreed }
  var output: OutputUse { json ? .result : .progress }
  var leavesCheckpoints: Bool { true }
  var usesWholeJob: Bool { true }

  func run(on world: borrowing Communicator) throws {
    let run = try resume.run(options, learnsWeights: true, on: world)
    let isSilent = json || world.rank != 0
    if !isSilent { print(Train.heading(run, ranks: world.ranks)) }
    let result = try run.train(
      on: world, describe: ExitCode.describe, telling: ProgressDisplay(isSilent: isSilent))
    guard world.rank == 0 else { return }
    print(json ? try result.json : result.summary)
  }
}
