import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// Files that are wrong in random ways are read or refused: no crash, no hang, no block of memory out of proportion.
  @Suite(.serialized) struct FuzzTests {
    private static let fuzz = ProgramRun.built("fuzz-readers")

    @Test func `every reader withstands thousands of wrong files`() throws {
      let folder = try ScratchFolder()
      let readers = try ProgramRun.run(Self.fuzz, ["list"], in: folder.path).output.split(separator: "\n").map(
        String.init)
      #expect(readers.count >= 12)
      let runs = try concurrently(readers, atMost: 2) {
        try ProgramRun.run(Self.fuzz, [$0, "3000", "\(UInt64.random(in: 1...1 << 40))"], in: folder.path, timeout: 120)
      }
      // Its output names the seed.
      for run in runs { #expect(run.exitCode == 0, "\(run.output) \(run.errors)") }
    }

    @Test func `a file whose aliases stand for more values than there is memory is refused`() throws {
      let folder = try ScratchFolder()
      let lines = (1..<12).map { number in
        let aliases = Array(repeating: "*a\(number - 1)", count: 10).joined(separator: ",")
        return "a\(number): &a\(number) [\(aliases)]"
      }
      let file = try folder.write(("a0: &a0 [x, x]\n" + lines.joined(separator: "\n")).utf8, to: "bomb.yml")
      let run = try ProgramRun.run(program, ["train", file], in: folder.path, timeout: 20)
      #expect(run.exitCode == 64 && run.errors.contains("bomb.yml has more than 100000 values"), "\(run.errors)")
    }
  }
}
