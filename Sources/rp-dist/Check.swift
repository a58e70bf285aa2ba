internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs

/// Checks of the mathematics on a configuration of the user's: one file for each.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check gradient, bound, replicas, resumption … of a configuration.",
    discussion: """
      Each check says what it found, and ends with exit code 0 when it holds.

      EXAMPLES
        rp-dist check gradient
        rp-dist check bound --run runs/first
        rp-dist check hypergradient --levels 3
        mpirun -n 4 rp-dist check replicas --preset mnist-classifier \\
          --data DIR
        mpirun -n 4 rp-dist check resume my.yml
      """,
    subcommands: [
      CheckGradient.self, CheckBound.self, CheckHypergradient.self, CheckReplicas.self, CheckResume.self,
    ])
}

/// What is checked: a configuration, or a run with its trained model.
struct CheckedOptions: ParsableArguments {
  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "A run folder in place of CONFIG: its settings and its trained model; new parameters without it.",
      valueName: "RUN"))
  var run: String?

  func validate() throws {
    guard run == nil || (options.file == nil && options.preset == nil) else {
      throw ValidationError("--run brings its own configuration; leave out CONFIG.yml and --preset")
    }
  }

  /// What is checked, for ``RankCommand/agreedOptions``; a host may have a run in a place of its own.
  var kind: String { run == nil ? "configuration" : "run" }

  /// Reads the configuration and, where one was named, the run; with what the check's heading calls it.
  func load() throws -> (configuration: Configuration, run: SavedRun?, title: String) {
    guard let run else {
      let configuration = try options.source().configuration()
      return (configuration, nil, options.title(configuration))
    }
    let saved = try SavedRun(
      path: run, in: options.source().runFolder(), data: options.data, settings: options.settings)
    return (saved.configuration, saved, run)
  }
}

extension Communicator {
  /// Ends every rank in order where rank 0 has found that a check fails; the numbers of the others may be rounded
  /// differently, and a rank that ends alone would be waited for. Collective.
  ///
  /// - Parameters:
  ///   - failure: why the check fails; nil where it passes.
  func failTogether(_ failure: String?) throws {
    try agree(describe: ExitCode.describe) {
      if rank == 0, let failure { throw AgreedFailure(code: ExitCode.failed, message: failure) }
    }
  }
}
