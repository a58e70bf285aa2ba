import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist bench start`: what happens before the first step, not how long it takes.
  @Suite(.serialized) struct StartBenchTests {
    private struct Times: Decodable {
      struct Stage: Decodable {
        var name: String
        var milliseconds: Double
      }

      var ranks: Int
      var totalMilliseconds: Double
      var stages: [Stage]
    }

    private static let stages = ["program", "MPI", "data", "comparison", "hash", "network", "step"]

    @Test(arguments: [nil, 3] as [Int?], ["float32", "float64"])
    func `the stages up to the first step add up`(ranks: Int?, precision: String) throws {
      let folder = try ScratchFolder()
      let clock = ContinuousClock()
      let start = clock.now
      let run = try ProgramRun.run(
        program, ["bench", "start", "--json", "--set", "training.precision=\(precision)"], ranks: ranks, in: folder.path
      )
      let around = start.duration(to: clock.now) / .milliseconds(1)
      try #require(run.exitCode == 0, "\(run.errors)")
      let times = try JSONDecoder().decode(Times.self, from: Data(run.output.utf8))
      #expect(times.stages.map(\.name) == Self.stages && times.ranks == ranks ?? 1)
      // The system tells a process's start to a tick of 10 ms.
      #expect(times.stages.allSatisfy { $0.milliseconds >= -10 })
      let sum = times.stages.reduce(0) { $0 + $1.milliseconds }
      #expect(abs(sum - times.totalMilliseconds) <= 1e-9 * abs(sum))
      #expect(times.stages.dropFirst().allSatisfy { $0.milliseconds >= 0 })
      // The process lived within the time that its run took; with several ranks stages of different ones add up to more.
      if ranks == nil { #expect(times.totalMilliseconds > 0 && times.totalMilliseconds <= around + 10) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "no run folder is left")
    }

    @Test func `it is text with a line for each stage, and takes the data of a configuration`() throws {
      let folder = try ScratchFolder()
      _ = try folder.write("1,2,a\n3,4,b\n5,6,a\n7,9,b\n2,2,a\n8,9,b\n1,1,a\n9,9,b\n0,2,a\n7,7,b\n".utf8, to: "x.csv")
      let run = try ProgramRun.run(
        program,
        ["bench", "start", "--set", "data={set: csv, path: x.csv}", "--set", "network=[{dense: 2}]"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let words = run.output.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(words.map { $0[0] } == (Self.stages + ["together"]).map { $0[...] })
      #expect(words.allSatisfy { $0.count == 3 && Double($0[1]) != nil && $0[2] == "ms" })
    }
  }
}
