import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// Ẅ that travels as bfloat16.
  @Suite(.serialized) struct CurvaturePrecisionTests {
    /// Only sums of Ẅ have few bits.
    private static let byWeight = ["--set", "optimizer.partition=weight"]
    static let short = byWeight + ["--set", "reduction.curvaturePrecision=bfloat16"]

    @Test(arguments: [1, 2, 3, 4, 8])
    func `sums of few bits are the same on all ranks and as near as promised`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(rankChecks, ["bfloat16"], ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0 && run.output == "ok\n" && run.errors.isEmpty, "\(run.errors)")
    }

    @Test(arguments: [2, 3, 4, 8]) func `all ranks have the same parameters after every step`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ["check", "replicas"] + Self.short, ranks: ranks, in: folder.path)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.output.contains("the same on \(ranks) ranks"))
    }

    @Test func `a single rank computes what it computes in Float, several do not`() throws {
      let folder = try ScratchFolder()
      func sha(_ ranks: Int?, _ more: [String]) throws -> String {
        let arguments = ["check", "replicas", "--json", "--steps", "3", "--set", "reduction.method=mpi"]
        let run = try ProgramRun.run(program, arguments + more, ranks: ranks, in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        return try #require(run.output.split(separator: "\"").last { $0.count == 64 }.map(String.init))
      }
      #expect(try sha(nil, Self.short) == sha(nil, Self.byWeight))
      #expect(try sha(2, Self.short) != sha(2, Self.byWeight))
    }

    @Test func `training reaches what it reaches in Float`() throws {
      let folder = try ScratchFolder()
      func result(_ name: String, _ more: [String]) throws -> RunResult {
        let run = try ProgramRun.run(program, ["--json", "--name", name] + more, ranks: 3, in: folder.path)
        try #require(run.exitCode == 0, "\(run.errors)")
        return try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8))
      }
      let (short, full) = (try result("short", Self.short), try result("full", Self.byWeight))
      #expect(short.testLoss != full.testLoss)
      // Steps differ by at most about 2⁻⁸ of their lengths, the square root of what Ẅ is off by. Seeds are apart by four of
      // the 359 test samples, 1.1 %.
      let (a, b) = (try #require(short.testAccuracy), try #require(full.testAccuracy))
      #expect((a - b).magnitude <= 0.02 && a > 0.97)
      let written = try String(contentsOfFile: folder.path + "/runs/short/config.yml", encoding: .utf8)
      #expect(written.contains("curvaturePrecision: bfloat16"))
    }
  }
}
