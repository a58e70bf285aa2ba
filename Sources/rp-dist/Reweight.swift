internal import ArgumentParser
internal import Foundation
internal import Hypergradients
internal import MPI
internal import RunRecords
internal import Training

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
      labels of samples whose own labels are hidden, and the student is judged.

      The run folder also has weights.csv and weights.safetensors (id, label,
      weight, loss, margin) and, with three levels, student.safetensors.

      SETTINGS (those of 'train', and in section reweight)
        levels           2, or 3 with a teacher and a student
        cycles           how often the network is trained, each time anew; 3
        strategy         \(Strategy.allCases.map(\.rawValue).joined(separator: ", ")): how derivatives are taken
        blocks, radius   what finite differences perturb, and how far
        grid             groups x shards of the ranks, or auto
        constraint       \(WeightConstraint.allCases.map(\.rawValue).joined(separator: ", "))
        floor            the least weight of the first cycle
        normalisation    \(WeightNormalisation.allCases.map(\.rawValue).joined(separator: ", ")): of the weights of a step
        perResidual      whether derivatives are divided by ||dl/dy||
        centring         \(WeightCentring.allCases.map(\.rawValue).joined(separator: ", ")): means that are subtracted from them
        scale            \(WeightScale.allCases.map(\.rawValue).joined(separator: ", ")): what divides them
        optimizer, learningRate, schedule
                         of the weights: \(WeightOptimizer.allCases.map(\.rawValue).joined(separator: ", "))
        pull             back to where the weights of the cycle started
        updateEvery      steps from one update of the weights to the next
        warmup           epochs before the first one
        validationBatch  samples that judge a step
        validationDecay  of the average of their gradients
        preconditioned   whether the optimizer's denominators count
        unlabelled, unlabelledBatch, pairWeight
        student          network, loss, optimizer, schedule, blocks
        compare          whether to train without weights, and on true labels
                         alone where they are known, too

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
