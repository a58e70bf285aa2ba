internal import ArgumentParser
internal import Diagnostics
internal import MPI
internal import Ranks
internal import RunRecords
internal import Runs

/// `rp-dist doctor`: reports on ranks, hosts and inputs before a long run.
struct ExamineLaunch: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Examine ranks, hosts, data and run folder under a launch line.",
    usage: "rp-dist doctor [<CONFIG.yml>] [<options>]",
    discussion: """
      Start it with the launcher and the options of the run that is to come,
      with doctor in place of train (with --reweight, of reweight). Prints
      problems first, each with what mends it, then a table: cores and binding
      of the ranks of each host, BLAS threads, transport, memory that is needed
      and allowed, shared memory, the time of an allreduce, and whether program,
      configuration and data are the same everywhere. Where all is well so far,
      does what the run does before its first step: network, settings, run
      folder and checkpoint are checked. Trains nothing and leaves nothing
      behind.

      Ends with exit code 1 where something will fail, 0 with warnings only.

      EXAMPLES
        mpirun -n 8 rp-dist doctor
        mpirun -n 8 rp-dist doctor --preset mnist-classifier --data DIR
        mpirun -n 8 rp-dist doctor my.yml --name first --resume auto
        srun --mpi=pmix rp-dist doctor my.yml --json
      """)

  @OptionGroup var options: ConfigurationOptions

  @OptionGroup var resume: ResumeOptions

  @Flag(help: "Examine a run of 'reweight', not of 'train'.")
  var reweight = false

  @Flag(help: "Print one JSON object, with the facts of every rank.")
  var json = false

  var agreedOptions: String { "\(json) \(reweight) \(resume.agreed)" }
  var reportsLaunch: Bool { true }

  func run(on world: borrowing Communicator) throws {
    let run = try resume.run(options, learnsWeights: reweight, on: world)
    let launch = LaunchLine.own
    // Independent copies would all print the same report.
    if launch.task > 0, launch.refusal(ranks: world.ranks) != nil { return }
    let report = try Doctor(run).examine(launch: launch, on: world, describe: ExitCode.describe)
    if world.rank == 0 {
      print(json ? try jsonText(report) : report.text(title: run.preset))
    }
    let failures = report.failures
    try world.failTogether(
      failures == 0 ? nil : failures == 1 ? "a run will fail: 1 problem" : "a run will fail: \(failures) problems")
  }
}
