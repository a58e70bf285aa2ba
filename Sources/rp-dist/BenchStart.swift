internal import ArgumentParser
internal import Configurations
internal import Diagnostics
internal import Foundation
internal import MPI
internal import Ranks
internal import RunRecords

struct BenchStart: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Time the way from the program's start to its first step.",
    usage: "rp-dist bench start [<CONFIG.yml>] [<options>]",
    discussion: """
      What a training run does before and in its first step, in milliseconds of
      the slowest rank; without a configuration that of the built-in digits.

        program     the system loads the program and its libraries; to 10 ms
        MPI         MPI is initialised, settings are read
        data        the data are read; scaling is found
        comparison  the ranks compare their data
        hash        rank 0 hashes them for the manifest
        network     the network is made
        step        the first step

      EXAMPLES
        rp-dist bench start
        rp-dist bench start --preset mnist-classifier --data DIR
        mpirun -n 8 rp-dist bench start --json
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func run(on world: borrowing Communicator) throws {
    let benchmark = try world.agree(describe: ExitCode.describe) {
      StartBenchmark(try options.source().configuration())
    }
    var times = StartTimes("program", age: Program.ageAtStart)
    times.end("MPI")
    times = try benchmark.measure(after: times, on: world, describe: ExitCode.describe)
    guard world.rank == 0 else { return }
    if json {
      print(
        try jsonText(
          Output(
            ranks: world.ranks, totalMilliseconds: times.total,
            stages: times.stages.map { .init(name: $0.name, milliseconds: $0.milliseconds) })))
    } else {
      for stage in times.stages { print(Self.line(stage.name, stage.milliseconds)) }
      print(Self.line("together", times.total))
    }
  }

  private struct Output: Encodable {
    struct Stage: Encodable {
      var name: String
      var milliseconds: Double
    }

    var ranks: Int
    var totalMilliseconds: Double
    var stages: [Stage]
  }

  private static func line(_ name: String, _ milliseconds: Double) -> String {
    let number = Format.fixed(milliseconds, 1)
    return name.padding(toLength: 12, withPad: " ", startingAt: 0)
      + String(repeating: " ", count: max(0, 9 - number.count)) + number + " ms"
  }
}
