internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs

/// The name of a run, and the run that it continues: the same options for all commands that create runs.
struct ResumeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The run's folder inside run.folder; preset and time if left out.", valueName: "NAME"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Go on from the newest checkpoint of a run, its folder or its name; 'auto': of the run called --name, or start it.",
      valueName: "RUN|auto"))
  var resume: String?

  @Flag(help: "Go on even with settings that make the run another training.")
  var force = false

  func validate() throws {
    guard !force || resume != nil else { throw ValidationError("--force belongs to --resume") }
    guard resume == nil || resume == "auto" || name == nil else {
      throw ValidationError("--resume RUN has its folder already; leave out --name")
    }
  }

  /// The options as text, for ``RankCommand/agreedOptions``.
  var agreed: String { "\(resume ?? "new"), \(force)" }

  var resumption: Resumption? { resume.map { $0 == "auto" ? .automatic : .run($0) } }

  /// The configuration's sources: a resumed run has its own settings, unless the command line names others, and the
  /// standard values of its time. Collective.
  func source(_ options: ConfigurationOptions, on world: borrowing Communicator) throws -> ConfigurationSource {
    var source = try world.agree(describe: ExitCode.describe) {
      var source = try options.source(name: name)
      if case .run(let path)? = resumption, options.file == nil, options.preset == nil {
        source.file = try RunFolder.existing(path, in: source.runFolder()).configuration
      }
      // Only rank 0 needs to see the run.
      if world.rank == 0 { source.standards = try source.standards(for: resumption) }
      return source
    }
    let standards = try world.broadcast(source.standards.joined(separator: "\n"), from: 0)
    source.standards = standards.split(separator: "\n").map(String.init)
    return source
  }

  /// The run that the command line describes. Collective.
  ///
  /// - Parameter learnsWeights: whether the run learns weights of its samples.
  func run(
    _ options: ConfigurationOptions, learnsWeights: Bool, on world: borrowing Communicator
  ) throws -> TrainingRun {
    let source = try source(options, on: world)
    return try world.agree(describe: ExitCode.describe) {
      let configuration = try source.configuration()
      let preset = title(options, configuration)
      var run =
        learnsWeights
        ? try TrainingRun(learningWeightsOf: configuration, version: version, preset: preset)
        : TrainingRun(configuration, version: version, preset: preset)
      (run.resumption, run.isForced) = (resumption, force)
      return run
    }
  }

  /// The run's title in its heading.
  private func title(_ options: ConfigurationOptions, _ configuration: Configuration) -> String {
    guard case .run(let path)? = resumption, options.file == nil, options.preset == nil else {
      return options.title(configuration)
    }
    return URL(fileURLWithPath: path).lastPathComponent
  }
}
