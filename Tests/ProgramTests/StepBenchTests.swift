import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist bench step`: what it measures and how its numbers fit together, not how long anything takes.
  @Suite(.serialized) struct StepBenchTests {
    private struct Row: Decodable {
      var network, sizes, optimizer, precision, blasKernel: String
      var reduction: String?
      var blasKernelIsForced: Bool
      var ranks, batch, threads: Int
      var milliseconds, fastestMilliseconds, productsMilliseconds, fastestProductsMilliseconds: Double
      var ratio, fastestRatio: Double
      var quartilesMilliseconds: [Double]
      var dataMilliseconds, statisticsMilliseconds, updateMilliseconds: Double
      var refreshMilliseconds, rootMilliseconds: Double?
      var peakBytes: Int?
      var processBytes, dataBytes, parameterBytes, workspaceBytes, boundBytes: Int
    }

    private static let recipes = ["rp-paper", "rp-standard", "rp-weight", "rp-every-4", "sgd", "adam"]

    private func rows(_ more: [String], ranks: Int? = nil) throws -> [Row] {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, ["bench", "step", "--json", "--repeats", "2"] + more, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      return try run.output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    }

    /// What must be so whatever the machine does.
    private func check(_ row: Row) {
      let times = [
        row.fastestMilliseconds, row.quartilesMilliseconds[0], row.milliseconds, row.quartilesMilliseconds[1],
      ]
      #expect(times == times.sorted() && times[0] > 0, "\(row)")
      #expect(row.fastestProductsMilliseconds > 0 && row.fastestProductsMilliseconds <= row.productsMilliseconds)
      #expect(row.ratio == row.milliseconds / row.productsMilliseconds)
      #expect(row.fastestRatio == row.fastestMilliseconds / row.fastestProductsMilliseconds)
      #expect(row.dataMilliseconds > 0 && row.statisticsMilliseconds > 0 && row.updateMilliseconds > 0)
      #expect(row.boundBytes == row.dataBytes + 8 * row.parameterBytes + row.workspaceBytes)
    }

    @Test func `the four networks of the paper with every optimizer`() throws {
      let rows = try rows(["--batch", "3"])
      let networks = [
        ("mnist-classifier", "784-400-100-36-10"), ("mnist-autoencoder", "784-64-2-64-784"),
        ("cifar-10-classifier", "3072-400-100-36-10"), ("cifar-10-autoencoder", "3072-64-2-64-3072"),
      ]
      #expect(rows.map(\.network) == networks.flatMap { network in Self.recipes.map { _ in network.0 } })
      #expect(rows.map(\.sizes) == networks.flatMap { network in Self.recipes.map { _ in network.1 } })
      #expect(rows.map(\.optimizer) == networks.flatMap { _ in Self.recipes })
      for row in rows {
        check(row)
        #expect(
          row.ranks == 1 && row.reduction == nil && row.batch == 3 && row.threads == 1 && row.precision == "float32")
        let sizes = row.sizes.split(separator: "-").compactMap { Int($0) }
        let parameters = zip(sizes, sizes.dropFirst()).map { ($0 + 1) * $1 }.reduce(0, +)
        #expect(row.parameterBytes == 4 * parameters)
        // 16 minibatches of bytes.
        #expect(row.dataBytes == 16 * 3 * sizes[0])
      }
    }

    /// Cycles in which the roots come first, and in which they come in the middle.
    @Test(arguments: [3, 4, 5, 7, 10]) func `by unit it says what refreshes and roots cost`(every: Int) throws {
      let rows = try rows([
        "--network", "mnist-classifier", "--batch", "20", "--optimizer", "rp-unit", "--set",
        "optimizer.curvatureEvery=\(every)",
      ])
      let row = try #require(rows.first)
      #expect(rows.map(\.optimizer) == ["rp-unit"])
      check(row)
      // A root of 785 rows takes many times the rest of a step of 20 samples.
      let root = try #require(row.rootMilliseconds)
      #expect(root > 0 && root < row.milliseconds && row.refreshMilliseconds ?? .nan < root)
      let peak = try #require(row.peakBytes) - row.processBytes
      #expect(peak <= row.boundBytes && peak > 4 * 785 * 785 * 2)
    }

    @Test func `where curvature is of single weights there are none`() throws {
      let rows = try rows(["--network", "mnist-autoencoder", "--batch", "5", "--optimizer", "rp-weight"])
      #expect(rows.count == 1 && rows.allSatisfy { $0.rootMilliseconds == nil && $0.refreshMilliseconds == nil })
    }

    @Test func `peak memory stays below its bound`() throws {
      // Large enough for pages, and what a process has besides, not to count.
      let rows = try rows(["--network", "cifar-10-classifier", "--batch", "20"])
      try #require(rows.map(\.optimizer) == Self.recipes)
      for row in rows {
        let peak = try #require(row.peakBytes) - row.processBytes
        #expect(peak <= row.boundBytes, "\(row.optimizer)")
        // Parameters and the last good ones at least, and Ẇ and Ẅ or averages where weights do not move where those are
        // formed: it was this training whose peak was taken.
        let least = ["rp-paper", "sgd"].contains(row.optimizer) ? 2 : 4
        #expect(peak >= least * row.parameterBytes, "\(row.optimizer)")
        #expect(row.optimizer != "rp-paper" || 2 * peak < 7 * row.parameterBytes, "Ẇ and Ẅ are in memory")
      }
    }

    @Test(arguments: [false, true], ["mpi", "node"])
    func `ranks share the batch or have one each`(perRank: Bool, reduction: String) throws {
      let rows = try rows(
        [
          "--network", "mnist-autoencoder", "--optimizer", "adam", "--batch", "5", "--set", "reduction=\(reduction)",
        ] + (perRank ? ["--per-rank"] : []), ranks: 3)
      #expect(rows.map(\.optimizer) == ["adam"])
      for row in rows {
        check(row)
        #expect(row.ranks == 3 && row.batch == (perRank ? 15 : 5) && row.reduction == reduction)
      }
    }

    @Test func `a wide network in Double, with threads and settings`() throws {
      let rows = try rows([
        "--width", "64", "--layers", "3", "--precision", "float64", "--threads", "2", "--optimizer", "rmsprop",
        "--optimizer",
        "rp-paper", "--batch", "4", "--set", "training.threads=1", "--set", "optimizer.learningRate=1e-9",
      ])
      #expect(rows.map(\.optimizer) == ["rmsprop", "rp-paper"])
      for row in rows {
        check(row)
        #expect(row.network == "wide" && row.sizes == "784-64-64-10" && row.precision == "float64")
        #expect(row.parameterBytes == 8 * (785 * 64 + 65 * 64 + 65 * 10))
        // A setting is over the option.
        #expect(row.threads == 1)
      }
    }

    @Test func `the table has a line for each optimizer within 100 columns`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, ["bench", "step", "--repeats", "1", "--batch", "2", "--network", "mnist-autoencoder"], in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n")
      #expect(lines[0].contains("steps of 2 samples, float32, 1 rank, 1 BLAS thread"))
      #expect(lines[1] == "784-64-2-64-784 (mnist-autoencoder)")
      #expect(lines.last?.hasPrefix("rp-standard: of a step, refreshes ") == true)
      #expect(lines.dropFirst(3).dropLast().map { $0.prefix { $0 != " " } } == Self.recipes.map { $0[...] })
      for line in lines { #expect(line.count <= 100) }
    }
  }
}
