import Foundation
import TestSupport
import Testing

extension ProgramTests {
  /// `rp-dist bench network` and `rp-dist bench scaling`: what they say, not how long it takes.
  @Suite(.serialized) struct ScalingBenchTests {
    private struct Network: Decodable {
      struct Time: Decodable {
        var bytes, repeats: Int
        var median, minimum: Double
      }
      struct Line: Decodable { var fixed, slope: Double }
      struct Group: Decodable {
        var ranks: Int
        var oversubscribed: Bool
        var times: [Time]
        var cost, leastCost: Line
      }
      struct Host: Decodable { var ranks, cores: Int }
      var ranks: Int
      var oversubscribed: Bool
      var hosts: [Host]
      var world, node, cross: Group?
    }

    private struct Scaling: Decodable {
      struct Shares: Decodable { var products, elementwise, reduction, waiting: Double }
      struct Point: Decodable {
        var kind: String
        var ranks, hosts, batch, repeats: Int
        var load, step, least, speedUp: Double
        var sharesMemory: Bool
        var predicted: Double?
        var shares: Shares
      }
      struct Link: Decodable { var latency, secondsPerByte: Double }
      struct Model: Decodable {
        var bytes, reductions: Double
        var nodeLink, crossLink: Link?
      }
      struct Projection: Decodable {
        var kind: String
        var ranks, nodes, batch: Int
        var flat: Double?
        var hierarchical, speedUp: Double
      }
      var network: String
      var parameters: Int
      var points: [Point]
      var model: Model
      var projections: [Projection]
    }

    private static let byWeight = ["--set", "optimizer.partition=weight"]
    private static let quick = ["bench", "scaling", "--json", "--preset", "digits", "--repeats", "3", "--seconds", "0"]

    private func decoded<Value: Decodable>(_ arguments: [String], ranks: Int?, in folder: ScratchFolder) throws -> Value
    {
      let run = try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      return try JSONDecoder().decode(Value.self, from: Data(run.output.utf8))
    }

    @Test(arguments: [1, 2, 3]) func `bench network times allreduces of all ranks and bench scaling reads it`(
      ranks: Int
    )
      throws
    {
      let folder = try ScratchFolder()
      let arguments = ["bench", "network", "--json", "--repeats", "3", "--seconds", "0", "--most", "65536"]
      let run = try ProgramRun.run(program, arguments, ranks: ranks, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let network = try JSONDecoder().decode(Network.self, from: Data(run.output.utf8))
      #expect(network.ranks == ranks && network.hosts.map(\.ranks) == [ranks])
      #expect(network.oversubscribed == (network.hosts[0].cores < ranks))
      // On one host there are no parts to tell apart.
      #expect(network.node == nil && network.cross == nil && (network.world == nil) == (ranks == 1))
      if let world = network.world {
        #expect(world.ranks == ranks && world.times.map(\.bytes) == (1...8).map { 1 << (2 * $0) })
        #expect(world.times.allSatisfy { $0.repeats == 3 && $0.minimum > 0 && $0.minimum <= $0.median })
        for line in [world.cost, world.leastCost] {
          #expect(line.fixed >= 0 && line.slope >= 0 && line.fixed + line.slope > 0)
        }
      }
      let file = try folder.write(run.output.utf8, to: "net.json")
      let scaling: Scaling = try decoded(Self.quick + ["--network", file], ranks: ranks, in: folder)
      #expect((scaling.model.nodeLink == nil) == (ranks == 1) && scaling.model.crossLink == nil)
    }

    @Test func `bench network says that one rank has nothing to measure`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(program, ["bench", "network"], in: folder.path)
      #expect(run.exitCode == 0 && run.output.contains("nothing to measure"))
    }

    @Test(arguments: [1, 2, 3]) func `bench scaling measures every number of ranks, strong and weak`(ranks: Int) throws
    {
      let folder = try ScratchFolder()
      let scaling: Scaling = try decoded(Self.quick + ["--batch", "7"], ranks: ranks, in: folder)
      let counts = [1, 2, 3].filter { $0 <= ranks }
      #expect(scaling.network == "64-64-32-10" && scaling.parameters == 6570)
      #expect(scaling.points.filter { $0.kind == "strong" }.map(\.ranks) == counts)
      #expect(scaling.points.filter { $0.kind == "weak" }.map(\.ranks) == counts.filter { $0 > 1 })
      for point in scaling.points {
        #expect(point.batch == (point.kind == "weak" ? 7 * point.ranks : 7) && point.hosts == 1 && point.load >= 1)
        // No time: in each of five rounds one cycle, of 20 steps from roots to roots.
        #expect(point.least > 0 && point.least <= point.step && point.repeats == 5 * 20)
        let shares = point.shares
        let all = [shares.products, shares.elementwise, shares.reduction, shares.waiting]
        #expect(all.allSatisfy { $0 >= 0 } && (all.reduce(0, +) - 1).magnitude < 1e-6)
        let share = scaling.points[0].step / point.step * (point.kind == "weak" ? Double(point.ranks) : 1)
        #expect((point.speedUp / share - 1).magnitude < 1e-9)
        #expect(point.predicted != nil && point.sharesMemory == (point.ranks > 1))
      }
      // By the least times.
      let least: Scaling = try decoded(Self.quick + ["--least"], ranks: ranks, in: folder)
      for point in least.points {
        let share = least.points[0].least / point.least * (point.kind == "weak" ? Double(point.ranks) : 1)
        #expect((point.speedUp / share - 1).magnitude < 1e-9)
      }
      let apart: Scaling = try decoded(
        Self.quick + Self.byWeight + ["--set", "reduction=mpi"], ranks: ranks, in: folder)
      #expect(apart.points.count == scaling.points.count && apart.points.allSatisfy { !$0.sharesMemory })
      // Ẇ, Ẅ and the loss, in Float.
      #expect(apart.model.bytes == Double(4 * (2 * 6570 + 1)))
      #expect(scaling.projections.isEmpty)
    }

    @Test func `bench scaling predicts for a named link, and counts the bytes of what travels`() throws {
      let folder = try ScratchFolder()
      let link = ["--link", "10Gbit:20us", "--ranks-per-node", "1"]
      let scaling: Scaling = try decoded(
        Self.quick + Self.byWeight + link + ["--set", "reduction.curvaturePrecision=bfloat16"], ranks: nil, in: folder)
      #expect(scaling.model.bytes == Double(6 * 6570 + 4) && scaling.model.reductions == 2)
      #expect(scaling.projections.map(\.ranks) == [16, 64, 256, 1024, 4096, 16, 64, 256, 1024, 4096])
      for row in scaling.projections {
        #expect(row.nodes == row.ranks && row.batch == (row.kind == "weak" ? 100 * row.ranks : 100))
        let messages = 2 * (row.ranks.trailingZeroBitCount)
        let reduction = Double(messages) * 20e-6 + 2 * (1 - 1 / Double(row.ranks)) * scaling.model.bytes * 0.8e-9
        // There is the work besides.
        #expect(row.hierarchical > reduction && (row.flat ?? 0) > reduction)
      }
      let adam: Scaling = try decoded(
        Self.quick + ["--set", "optimizer={name: adam, learningRate: 0.001}"], ranks: nil, in: folder)
      #expect(adam.model.bytes == Double(4 * (6570 + 1)))
      let seldom: Scaling = try decoded(
        Self.quick + Self.byWeight + ["--set", "optimizer.curvatureEvery=4"], ranks: nil, in: folder)
      #expect(seldom.model.bytes == 32854)
      // g and A of 65, 65 and 33 entries in every tenth step, and P in every twentieth: a root, and a row for the bias.
      let unit: Scaling = try decoded(Self.quick, ranks: nil, in: folder)
      let (sums, roots) = (64 + 32 + 10 + 2 * 2145 + 561, 2 * (64 * 64 + 65) + 32 * 32 + 33)
      #expect(abs(unit.model.bytes - (4 * 6571 + 0.4 * (Double(sums) + Double(roots) / 2))) < 1e-6)
      #expect(abs(unit.model.reductions - 2.05) < 1e-12)
    }

    @Test func `bench scaling prints its points before what it predicts`() throws {
      let folder = try ScratchFolder()
      let run = try ProgramRun.run(
        program, Self.quick.filter { $0 != "--json" } + ["--link", "1Gbit:50us"], ranks: 2, in: folder.path)
      try #require(run.exitCode == 0, "\(run.errors)")
      let strong = try #require(run.output.range(of: "strong: "))
      let weak = try #require(run.output.range(of: "weak: "))
      let predicted = try #require(run.output.range(of: "predicted, link 50.0 us a message, 125 MB/s"))
      #expect(strong.lowerBound < weak.lowerBound && weak.lowerBound < predicted.lowerBound)
    }
  }
}
