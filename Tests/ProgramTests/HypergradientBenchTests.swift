import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist bench hypergradient`: what it counts, not how long it takes.
  @Suite(.serialized) struct HypergradientBenchTests {
    private struct Row: Decodable {
      var levels, forward, backward, forwardMode, leafGroups: Int
      var middleGroups: Int?
      var strategy, precision: String
      var milliseconds, stepMilliseconds, allowanceMilliseconds, imbalance: Double
      var passes: [Int]
      var workMilliseconds: [Double]
    }

    private func rows(_ more: [String] = [], ranks: Int? = nil) throws -> [Row] {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, ["bench", "hypergradient", "--json", "--batch", "7", "--repeats", "1"] + more, ranks: ranks,
        in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      return try run.output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    }

    @Test func `it counts the passes of every strategy`() throws {
      let rows = try rows()
      #expect(rows.map(\.levels) == [2, 2, 2, 3, 3, 3])
      #expect(rows.map(\.strategy) == ["nested", "fused", "exact", "nested", "fused", "exact"])
      #expect(rows.map(\.precision) == ["float64", "float32", "float32", "float64", "float32", "float32"])
      #expect(rows.map(\.forward) == [3, 3, 1, 8, 6, 3])
      #expect(rows.map(\.backward) == [1, 1, 1, 3, 2, 2])
      #expect(rows.map(\.forwardMode) == [0, 0, 1, 0, 0, 2])
      for row in rows {
        #expect(row.passes == [row.forward + row.backward + row.forwardMode])
        #expect(row.imbalance == 1 && row.leafGroups == 1 && row.middleGroups == (row.levels == 3 ? 1 : nil))
        #expect(row.milliseconds > 0 && row.stepMilliseconds > 0)
        // One ordinary step per level, F and B, and one J per product.
        guard row.strategy == "exact" else { continue }
        #expect(row.forward <= row.levels && row.backward <= row.levels && row.forwardMode == row.levels - 1)
      }
    }

    @Test(arguments: [2, 3, 5]) func `ranks are dealt out to the directions`(ranks: Int) throws {
      let rows = try rows(ranks: ranks)
      // D is 2 where one difference is taken, 4 for nested's leaves of three levels, and 1 for exact.
      #expect(rows.map(\.leafGroups) == [2, 2, 1, min(ranks, 4), 2, 1])
      #expect(rows.map(\.middleGroups) == [nil, nil, nil, 2, 2, 1])
      for row in rows {
        #expect(row.passes.count == ranks && row.workMilliseconds.count == ranks && row.imbalance >= 1)
        #expect(row.passes.allSatisfy { $0 <= row.forward + row.backward + row.forwardMode })
      }
      let grid = try self.rows(["--grid", "1x\(ranks)", "--levels", "3", "--strategy", "nested"], ranks: ranks)
      #expect(grid.count == 1 && grid[0].leafGroups == 1 && grid[0].middleGroups == 1)
    }
  }
}
