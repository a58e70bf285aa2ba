import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// A run on noisy labels, as a user sees it.
  @Suite(.serialized) struct LabelNoiseRunTests {
    private func run(
      _ name: String, _ settings: [String], ranks: Int? = nil, in folder: ScratchFolder
    ) throws -> (manifest: Manifest, result: RunResult, flips: [[String]]?) {
      let run = try ProgramRun.run(
        program, settings.flatMap { ["--set", $0] } + ["--json", "--name", name], ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let path = folder.path + "/runs/\(name)"
      let manifest = try JSONDecoder().decode(
        Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: path + "/manifest.json")))
      let text = try? String(contentsOfFile: path + "/label-noise.csv", encoding: .utf8)
      return (
        manifest, try JSONDecoder().decode(RunResult.self, from: Data(run.output.utf8)),
        text?.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
      )
    }

    @Test func `the run folder records the noise and each flipped label, the same for any number of ranks`() throws {
      let folder = try ScratchFolder()
      let noise = ["training.epochs=4", "data.labelNoise={kind: pairFlip, rate: 0.3, seed: 2}", "data.validation=100"]
      let one = try run("one", noise, in: folder)
      let three = try run("three", noise, ranks: 3, in: folder)
      let clean = try run("clean", ["training.epochs=4", "data.validation=100"], in: folder)

      let flips = try #require(one.flips)
      #expect(flips[0] == ["id", "label", "trueLabel"])
      #expect(flips.dropFirst().allSatisfy { Int($0[1]) == Int($0[2]).map { ($0 + 1) % 10 } })
      let ids = try flips.dropFirst().map { try #require(Int($0[0])) }
      #expect(ids == Set(ids).sorted())
      // 1,338 samples with probability 0.3: a standard deviation of 17; six of them.
      #expect(abs(ids.count - 401) < 101)
      #expect(
        one.manifest.data.labelNoise
          == Manifest.LabelNoise(kind: "pairFlip", rate: 0.3, seed: 2, flipped: ids.count))
      #expect(three.flips == flips && three.manifest.data.labelNoise == one.manifest.data.labelNoise)
      #expect(clean.flips == nil && clean.manifest.data.labelNoise == nil)
      // The hash is that of the data as they are without noise.
      #expect(clean.manifest.data.sha256 == one.manifest.data.sha256)
      // Training is judged by the noisy labels, the test set by true ones.
      let accuracy = try #require(one.result.trainingAccuracy)
      #expect(accuracy < 0.95)
      #expect(try accuracy < #require(clean.result.trainingAccuracy))
      #expect(try #require(one.result.testAccuracy) > accuracy)

      let evaluation = try ProgramRun.run(program, ["evaluate", "runs/one", "--json"], in: folder.path)
      #expect(evaluation.exitCode == 0, "\(evaluation.errors)")
      let again = try ProgramRun.run(
        program, ["train", "runs/one/config.yml", "--name", "again"], in: folder.path)
      #expect(again.exitCode == 0, "\(again.errors)")
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/again/label-noise.csv"))
          == Data(contentsOf: URL(fileURLWithPath: folder.path + "/runs/one/label-noise.csv")))
    }
  }
}
