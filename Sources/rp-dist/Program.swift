internal import ArgumentParser
internal import CKernels
internal import Diagnostics
internal import Foundation
internal import MPI
internal import Ranks
internal import Synchronization

/// A subcommand that runs on all ranks.
protocol RankCommand: ParsableCommand {
  /// The command's own options that decide what the ranks do together, as text: the same on every rank.
  ///
  /// The configuration is compared when it has been read, since its data may lie in another place on every host.
  var agreedOptions: String { get }

  /// What its standard output is for.
  var output: OutputUse { get }

  /// Whether signals that ask it to stop are waited for, from the start of the process on.
  var leavesCheckpoints: Bool { get }

  /// Whether it wants all tasks of a Slurm job, so that it says where it has not got them.
  var usesWholeJob: Bool { get }

  /// Whether it runs even where the ranks do not know of each other, to tell of it.
  var reportsLaunch: Bool { get }

  /// Collective: does the command's work.
  func run(on world: borrowing Communicator) throws
}

extension RankCommand {
  var agreedOptions: String { "" }
  var output: OutputUse { .product }
  var leavesCheckpoints: Bool { false }
  var usesWholeJob: Bool { false }
  var reportsLaunch: Bool { false }
}

/// What a command's standard output is for, and so what happens when nobody reads it.
enum OutputUse {
  /// It is all that the command makes: the command ends at once and silently, as any program does at the end of a pipe.
  case product
  /// The result of work that also leaves files: the work is done, then its loss is an error.
  case result
  /// What a person sees of such work: nothing is lost.
  case progress
}

/// The life of the process: command line, MPI, exit code.
///
/// It ends by `_exit` once MPI is finalised, its files are on the disk and its output is written: libraries that the system
/// or the user has loaded beside it, whose last functions may wait for ever, have no part in its end.
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
      // Linux gives a program that is started without arguments an empty name.
      guard line.first?.isEmpty == false else {
        throw ValidationError("the program was started without its name (argc is 0); start it from a shell")
      }
      var parsed = try RPDist.parseAsRoot(Array(line.dropFirst()))
      guard let rankCommand = parsed as? any RankCommand else {
        // Help, or a command that only holds others: running it throws what is to be printed.
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
      // srun ends all tasks once one has ended with an error: the one that speaks must be the first.
      if launch.task == 0, Launcher.rank == 0 { say(refusal) } else { sleep(1) }
      end(ExitCode.usage)
    }
    end(
      onAllRanks { world in
        if !command.reportsLaunch, let refusal = launch.refusal(ranks: world.ranks) {
          throw AgreedFailure(code: ExitCode.usage, message: refusal)
        }
        // No rank is to wait for what another one does not do.
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

  /// Prints what the command line asked for or got wrong, once for all ranks, and ends every rank.
  private static func leave(with error: any Error) -> Never {
    let code = RPDist.exitCode(for: error).rawValue
    guard code != 0 else {
      if Launcher.rank == 0 { print(RPDist.fullMessage(for: error)) }
      end(fflush(nil) == 0 ? 0 : ExitCode.cannotWrite)
    }
    let message = RPDist.message(for: error).replacing("\n", with: " ")
    end(
      onAllRanks { world in
        // The first that every rank does: so those whose command line was understood learn of it too.
        try world.agree(describe: ExitCode.describe) {
          throw AgreedFailure(code: ExitCode.usage, message: "\(message) (see rp-dist --help)")
        }
      })
  }

  private static func end(_ code: Int32) -> Never { _exit(code) }

  /// Runs `body` inside MPI's scope and returns the exit code. One message, from rank 0, for what all ranks know of; a
  /// rank that fails alone says so itself and ends the job.
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
          // Before MPI_Finalize: the launcher ends a rank that still prints when another has left with an error.
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

  /// Writes one line to standard error, after what went to standard output before, and on a line of its own. Where it cannot
  /// be written there is nobody to tell; the exit code stays.
  static func say(_ message: String) {
    fflush(nil)
    // A terminal also shows ^C where the cursor stands.
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
