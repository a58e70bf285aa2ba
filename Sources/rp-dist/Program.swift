internal import ArgumentParser
internal import CKernels
internal import Diagnostics
internal import Foundation
internal import MPI
internal import Ranks
internal import Synchronization

/// A subcommand that runs on all ranks.
protocol RankCommand: ParsableCommand {
  /// The command's own options that affect what the ranks do together, as text: the same on every rank.
  ///
  /// The configuration is compared later, when it has been read, since each host may keep its data at its own path.
  var agreedOptions: String { get }

  /// The purpose of its standard output.
  var output: OutputUse { get }

  /// Whether the process handles signals that ask it to stop, from its start on.
  var leavesCheckpoints: Bool { get }

  /// Whether it should use all tasks of a Slurm job, so that it warns where it has fewer ranks.
  var usesWholeJob: Bool { get }

  /// Whether it runs even where the ranks are independent copies, to report this.
  var reportsLaunch: Bool { get }

  /// Does the command's work. Collective.
  func run(on world: borrowing Communicator) throws
}

extension RankCommand {
  var agreedOptions: String { "" }
  var output: OutputUse { .product }
  var leavesCheckpoints: Bool { false }
  var usesWholeJob: Bool { false }
  var reportsLaunch: Bool { false }
}

/// The purpose of a command's standard output, which decides what happens when nobody reads it.
enum OutputUse {
  /// The output is all that the command produces: without a reader the command ends at once and silently, like any
  /// program in a pipe.
  case product
  /// The output is the result of work that also leaves files: the work is completed, then the lost output is an error.
  case result
  /// The output only shows the progress of such work: nothing is lost.
  case progress
}

/// The life of the process: command line, MPI, exit code.
///
/// The process ends by `_exit` once MPI is finalised, its files are on the disk and its output is written. So the exit
/// functions of libraries that the system or the user has loaded, which may wait for ever, do not run.
enum Program {
  /// The age of the process when its own code began, in milliseconds.
  static let ageAtStart = ProcessAge.milliseconds

  static func run() {
    _ = ageAtStart
    StandardStreams.open()
    StopSignals.outliveReader(false)
    guard processor_suffices() != 0 else {
      if Launcher.rank == 0 { say("this processor has no AVX2; use one of 2013 or later (x86-64-v3)") }
      end(ExitCode.internalError)
    }
    if let refusal = StartRequirement.refusal {
      say((Launcher.isPresent ? "rank \(Launcher.rank): " : "") + refusal)
      end(ExitCode.internalError)
    }
    let command: any RankCommand
    do {
      let line = Launcher.commandLine
      // A program that is started without arguments gets an empty name from Linux.
      guard line.first?.isEmpty == false else {
        throw ValidationError("the program was started without its name (argc is 0); start it from a shell")
      }
      var parsed = try RPDist.parseAsRoot(Array(line.dropFirst()))
      guard let rankCommand = parsed as? any RankCommand else {
        // Help, or a command that only groups others: running it throws the text to print.
        try parsed.run()
        end(fflush(nil) == 0 ? 0 : ExitCode.cannotWrite)
      }
      command = rankCommand
      if command.leavesCheckpoints { StopSignals.note() }
      StopSignals.outliveReader(command.output != .product)
    } catch {
      leave(with: error)
    }
    let launch = LaunchLine.own
    if !command.reportsLaunch || launch.launcher == .pmi, let refusal = launch.refusal(ranks: nil) {
      // srun ends all tasks once one task has ended with an error: the task that prints must be the first to end.
      if launch.task == 0, Launcher.rank == 0 { say(refusal) } else { sleep(1) }
      end(ExitCode.usage)
    }
    end(
      onAllRanks { world in
        if !command.reportsLaunch, let refusal = launch.refusal(ranks: world.ranks) {
          throw AgreedFailure(code: ExitCode.usage, message: refusal)
        }
        // No rank may wait for an operation that another rank does not reach.
        try world.agree(describe: ExitCode.describe) {}
        try world.requireSame(
          "\(type(of: command)): \(command.agreedOptions)", what: "command and options",
          remedy: "start every rank with the same command line")
        if world.rank == 0, command.usesWholeJob, let warning = launch.warning(ranks: world.ranks) {
          say("note: \(warning); for all of them: mpirun rp-dist ..., or srun --mpi=pmix rp-dist ...")
        }
        try command.run(on: world)
        do throws(OutputError) {
          try StandardStreams.flush()
        } catch {
          guard error.isUnread, command.output == .progress else { throw error }
        }
      })
  }

  /// Prints the text or the error that the command line leads to, once for all ranks, and ends every rank.
  private static func leave(with error: any Error) -> Never {
    let code = RPDist.exitCode(for: error).rawValue
    guard code != 0 else {
      if Launcher.rank == 0 { print(RPDist.fullMessage(for: error)) }
      end(fflush(nil) == 0 ? 0 : ExitCode.cannotWrite)
    }
    let message = RPDist.message(for: error).replacing("\n", with: " ")
    end(
      onAllRanks { world in
        // This agreement is the first collective call of every rank, so ranks that understood their command line get
        // the error too.
        try world.agree(describe: ExitCode.describe) {
          throw AgreedFailure(code: ExitCode.usage, message: "\(message) (see rp-dist --help)")
        }
      })
  }

  private static func end(_ code: Int32) -> Never { _exit(code) }

  /// Runs `body` inside MPI's scope and returns the exit code. Rank 0 prints the message of a failure that all ranks
  /// share; a rank that fails alone prints its own message and ends the job.
  private static func onAllRanks(_ body: (borrowing Communicator) throws -> Void) -> Int32 {
    do {
      let outcome = try withMPI { error, rank in
        let (message, code) = ExitCode.describe(error)
        say((rank.map { "rank \($0): " } ?? "") + message)
        return code
      } _: { world in
        do {
          try body(world)
        } catch let failure as AgreedFailure {
          // This comes before MPI_Finalize, because the launcher ends a rank that still prints when another has exited
          // with an error.
          if world.rank == 0 { say("\(failure)") }
          throw failure
        }
      }
      if case .failure(let failure) = outcome { return failure.code }
      return 0
    } catch {
      say("\(error)")
      return ExitCode.internalError
    }
  }

  /// Writes one line to standard error, after earlier output to standard output, and on a line of its own. Where it
  /// cannot be written the message is lost; the exit code stays the same.
  static func say(_ message: String) {
    fflush(nil)
    // A terminal also shows ^C at the cursor.
    let isAfterInterrupt =
      StopSignals.interrupted && Terminal.showsMessages
      && !Terminal.hasEndedInterrupt.exchange(true, ordering: .relaxed)
    let isBehind = Terminal.hasOpenLine.exchange(false, ordering: .relaxed) || isAfterInterrupt
    let line = message.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    try? FileHandle.standardError.write(contentsOf: Data("\(isBehind ? "\n" : "")rp-dist: \(line.joined())\n".utf8))
  }
}
