internal import ArgumentParser
internal import BLAS
internal import CVectorMath
internal import Foundation
internal import MPI
internal import Training

/// A subcommand that runs on all ranks.
protocol RankCommand: ParsableCommand {
  /// The command's own options that decide what the ranks do together, as text: the same on every rank.
  ///
  /// The configuration is compared when it has been read, since its data may lie in another place on every host.
  var agreedOptions: String { get }

  /// Whether signals that ask it to stop are waited for, from the start of the process on.
  var leavesCheckpoints: Bool { get }

  /// Whether it wants all tasks of a Slurm job, so that it says where it has not got them.
  var usesWholeJob: Bool { get }

  /// Whether it runs even where the ranks do not know of each other, to tell of it.
  var judgesLaunch: Bool { get }

  /// Collective: does the command's work.
  func run(on world: borrowing Communicator) throws
}

extension RankCommand {
  var agreedOptions: String { "" }
  var leavesCheckpoints: Bool { false }
  var usesWholeJob: Bool { false }
  var judgesLaunch: Bool { false }
}

/// The life of the process: command line, MPI, exit code.
enum Program {
  /// The age of the process when its own code began, in milliseconds.
  static let ageAtStart = ProcessAge.milliseconds

  static func run() {
    _ = ageAtStart
    guard vector_math_processor_suffices() != 0 else {
      if Launcher.rank == 0 { say("this processor has no AVX2; use one of 2013 or later (x86-64-v3)") }
      exit(ExitCode.internalError)
    }
    ProcessorKernel.choose()
    // One thread for each rank, until a configuration asks for more.
    BLASLibrary.setThreads(1)
    let command: any RankCommand
    do {
      var parsed = try RPDist.parseAsRoot()
      guard let rankCommand = parsed as? any RankCommand else {
        // Help, or a command that only holds others: running it throws what is to be printed.
        try parsed.run()
        return
      }
      command = rankCommand
      if command.leavesCheckpoints { StopSignals.note() }
    } catch {
      leave(with: error)
    }
    let launch = LaunchLine.own
    if !command.judgesLaunch || launch.launcher == .pmi, let refusal = launch.refusal(ranks: nil) {
      // srun ends all tasks once one has ended with an error: the one that speaks must be the first.
      if launch.task == 0, Launcher.rank == 0 { say(refusal) } else { sleep(1) }
      exit(ExitCode.usage)
    }
    exit(
      onAllRanks { world in
        if !command.judgesLaunch, let refusal = launch.refusal(ranks: world.ranks) {
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
      })
  }

  /// Prints what the command line asked for or got wrong, once for all ranks, and ends every rank.
  private static func leave(with error: any Error) -> Never {
    let code = RPDist.exitCode(for: error).rawValue
    guard code != 0 else {
      if Launcher.rank == 0 { print(RPDist.fullMessage(for: error)) }
      exit(fflush(nil) == 0 ? 0 : ExitCode.cannotWrite)
    }
    let message = RPDist.message(for: error).replacing("\n", with: " ")
    exit(
      onAllRanks { world in
        // The first that every rank does: so those whose command line was understood learn of it too.
        try world.agree(describe: ExitCode.describe) {
          throw AgreedFailure(code: ExitCode.usage, message: "\(message) (see rp-dist --help)")
        }
      })
  }

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
        try flushOutput()
      }
      if case .failure(let failure) = outcome { return failure.code }
      return 0
    } catch {
      say("\(error)")
      return ExitCode.internalError
    }
  }

  /// Writes one line to standard error, after what went to standard output before. Where it cannot be written there is
  /// nobody to tell; the exit code stays.
  static func say(_ message: String) {
    fflush(nil)
    let line = message.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    try? FileHandle.standardError.write(contentsOf: Data("rp-dist: \(line.joined())\n".utf8))
  }

  private static func flushOutput() throws {
    guard fflush(nil) == 0 else { throw OutputError() }
  }
}

/// Standard output does not take what is printed.
struct OutputError: Error, CustomStringConvertible {
  var description: String { "cannot write to standard output; is the disk full?" }
}
