internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import Kernels
internal import MPI
internal import Networks
internal import Ranks
internal import RunRecords
internal import Runs

struct Train: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network (the default command).",
    usage: "rp-dist [train] [<CONFIG.yml>] [<options>]",
    discussion: """
      Settings come from a preset, then from CONFIG over it, then from --data
      and --name, then from --set, left to right; a key without a value
      changes nothing. The batch is that of all ranks together: each rank
      computes its share of every minibatch.

      SETTINGS (rp-dist settings KEY tells meaning, values and default)
      \(Setting.briefly(without: ["reweight"]))

      Residual partitioning finds the lengths of its steps (learningRate:
      auto, with a linear schedule) and shares the residual out by unit. With
      optimizer.partition=weight it does so by weight; with a learning rate
      it is the paper's plain step; with trustRatio: on its learning rate
      follows the loss.

      Ranks of one machine share memory (reduction: node) where no setting
      needs the whole sums on each: every rank forms and moves a part of the
      weights. With mpi each has all weights, and the sums are added up.

      A run that was cut off goes on with --resume from its newest complete
      checkpoint, and ends with the same bits. USR1, USR2, TERM, HUP, XCPU
      and, without mpirun, ^C stop it after a checkpoint, with exit code 75.
      mpirun gives its ranks one second after ^C or TERM: send it USR1, or
      allow them more by --mca odls_base_sigkill_timeout 5.

      EXAMPLES
        rp-dist train
        rp-dist train --preset list
        rp-dist train --preset mnist-classifier --print-config > my.yml
        mpirun -n 4 rp-dist --preset mnist-autoencoder --data DIR
        rp-dist train runs/first/config.yml --name again
        rp-dist train --set optimizer.learningRate=30
        rp-dist train --set optimizer.name=adam
        rp-dist train my.yml --name first --resume auto
        rp-dist train --resume runs/first --set training.epochs=80
        rp-dist train --set data.validation=200 \\
          --set 'training.stopEarly={patience: 5}'
        rp-dist train --set data.set=csv --data iris.csv \\
          --set 'network=[{dense: 8}, tanh, {dense: 3}]'
      """)

  @OptionGroup var options: ConfigurationOptions

  @OptionGroup var resume: ResumeOptions

  @Flag(help: "Print one JSON object with the results instead of text.")
  var json = false

  @Flag(help: "Print all settings as YAML, a CONFIG.yml of their own, and train nothing.")
  var printConfig = false

  var agreedOptions: String { "\(printConfig) \(resume.agreed)" }
  var output: OutputUse { printConfig ? .product : json ? .result : .progress }
  var leavesCheckpoints: Bool { !printConfig }
  var usesWholeJob: Bool { !printConfig }

  func run(on world: borrowing Communicator) throws {
    if printConfig {
      let source = try resume.source(options, on: world)
      let yaml = try world.agree(describe: ExitCode.describe) { try source.yaml() }
      if world.rank == 0 { print(yaml, terminator: "") }
      return
    }
    try world.agree(describe: ExitCode.describe) { if let file = options.file { try Self.checkIsFile(file) } }
    let run = try resume.run(options, learnsWeights: false, on: world)
    let isSilent = json || world.rank != 0
    if !isSilent { print(Self.heading(run, ranks: world.ranks)) }
    let result = try run.train(
      on: world, describe: ExitCode.describe, telling: ProgressDisplay(isSilent: isSilent))
    guard world.rank == 0 else { return }
    print(json ? try result.json : result.summary)
  }

  /// A single word that is not a file is probably a misspelt subcommand.
  private static func checkIsFile(_ argument: String) throws {
    guard !FileManager.default.fileExists(atPath: argument) else { return }
    guard !argument.contains("."), !argument.contains("/") else { throw UnreadableFile(path: argument) }
    let names = RPDist.configuration.subcommands.map { $0._commandName }
    throw UnknownName(argument, among: names, kind: "command")
  }

  static func heading(_ run: TrainingRun, ranks: Int) -> String {
    let training = run.configuration.training
    let cycles = run.learnsWeights ? run.configuration.reweight?.cycles ?? 1 : 1
    return "rp-dist \(version): \(run.preset), \(ranks) rank\(ranks == 1 ? "" : "s"), global batch \(training.batch), "
      + "\(cycles > 1 ? "\(cycles) cycles of " : "")\(training.epochs) epoch\(training.epochs == 1 ? "" : "s"), \(training.precision.rawValue)"
      + (run.configuration.optimizer.partition.map { ", partition by \($0.rawValue)" } ?? "")
  }
}
