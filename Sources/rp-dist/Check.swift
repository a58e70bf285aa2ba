internal import ArgumentParser
internal import Configurations
internal import Foundation
internal import Kernels
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs

/// Checks of the mathematics on a user's configuration: one file for each check.
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

/// The object of a check: a configuration, or a run with its trained model.
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

  /// The kind of object for ``RankCommand/agreedOptions``; each host may keep the run at its own path.
  var kind: String { run == nil ? "configuration" : "run" }

  /// Reads the configuration and, where one was named, the run; also returns their title in the check's heading.
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
  /// Ends every rank in an orderly way where rank 0 has found that a check fails. The numbers of the other ranks may be
  /// rounded differently, and if a rank ended alone the others would wait for it. Collective.
  ///
  /// - Parameters:
  ///   - failure: the reason for the failure; nil where the check passes.
  func failTogether(_ failure: String?) throws {
    try agree(describe: ExitCode.describe) {
      if rank == 0, let failure { throw AgreedFailure(code: ExitCode.failed, message: failure) }
    }
  }
}
