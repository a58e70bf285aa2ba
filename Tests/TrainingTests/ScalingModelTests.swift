import Configurations
import Diagnostics
import Ranks
import Testing

/// The fits and the formulae of `rp-dist bench network` and `bench scaling`.
struct ScalingModelTests {
  private static let sizes = (1...12).map { Double(1 << (2 * $0)) }

  @Test func `a line's planted parts are found`() {
    let line = LinearCost(fixed: 35e-6, slope: 8.5e-9)
    let fit = LinearCost(fittedTo: Self.sizes.map { ($0, line($0)) })
    #expect(isClose(fit.fixed, 35e-6) && isClose(fit.slope, 8.5e-9))
    #expect(fit.deviations(from: Self.sizes.map { ($0, line($0)) }).allSatisfy { $0 < 1e-9 })
  }

  @Test func `planted parts are found through a quarter of points that lie far off`() {
    let line = LinearCost(fixed: 35e-6, slope: 8.5e-9)
    var points = Self.sizes.map { (x: $0, time: line($0)) }
    for index in [1, 6, 10] { points[index].time *= 30 }
    let fit = LinearCost(fittedTo: points)
    #expect(isClose(fit.fixed, 35e-6) && isClose(fit.slope, 8.5e-9))
    // Least squares would be pulled away, and so would be a fit that takes the last points for the line.
    #expect(points[10].time / fit(points[10].x) > 29)
  }

  @Test func `noise of a tenth moves the parts by no more than that`() {
    let line = LinearCost(fixed: 35e-6, slope: 8.5e-9)
    let noise = [0.1, -0.1, 0.07, -0.02, 0.05, -0.08, 0.1, -0.1, 0.03, -0.06, 0.1, -0.1]
    let fit = LinearCost(fittedTo: zip(Self.sizes, noise).map { ($0, line($0) * (1 + $1)) })
    for size in Self.sizes { #expect((fit(size) / line(size) - 1).magnitude <= 0.25, "\(size)") }
    #expect((fit.fixed / 35e-6 - 1).magnitude <= 0.1 && (fit.slope / 8.5e-9 - 1).magnitude <= 0.25)
  }

  @Test func `no part is negative, and one point is a line`() {
    // Falling times have no slope; times that grow faster than the size have no fixed part.
    #expect(LinearCost(fittedTo: [(1, 4), (2, 3), (3, 2)]).slope == 0)
    let steep = LinearCost(fittedTo: [(1, 1), (2, 4), (4, 16)])
    #expect(steep.fixed == 0 && steep.slope > 0)
    #expect(LinearCost(fittedTo: [(0, 5)]) == LinearCost(fixed: 5, slope: 0))
  }

  @Test func `an allreduce takes 2 log2 p messages and 2 (p - 1)/p of the bytes`() {
    let link = Link(latency: 10e-6, secondsPerByte: 1e-9)
    #expect(link.allReduce(ranks: 1, bytes: 1e6) == 0)
    #expect(isClose(link.allReduce(ranks: 2, bytes: 1e6), 20e-6 + 1e-3))
    #expect(isClose(link.allReduce(ranks: 4, bytes: 1e6), 40e-6 + 1.5e-3))
    // ⌈log₂ 5⌉ = 3
    #expect(isClose(link.allReduce(ranks: 5, bytes: 1e6), 60e-6 + 1.6e-3))
    for ranks in [2, 3, 4, 7, 64] {
      let line = LinearCost(
        fixed: link.allReduce(ranks: ranks, bytes: 0),
        slope: link.allReduce(ranks: ranks, bytes: 1) - link.allReduce(ranks: ranks, bytes: 0))
      let found = Link(ofAllReduce: line, ranks: ranks)
      #expect(isClose(found.latency, link.latency) && isClose(found.secondsPerByte, link.secondsPerByte, 1e-6))
    }
  }

  /// c₀ = 1 ms, c₁ = 0.1 ms, U = 2 ms; α = 10 us, β = 1 ns/B, α' = 1 us, β' = 0.1 ns/B; n = 4 MB.
  private static let model = StepTimeModel(
    alone: cost(slope: 1e-4), together: cost(slope: 2e-4), nodeLink: Link(latency: 1e-6, secondsPerByte: 1e-10),
    crossLink: Link(latency: 1e-5, secondsPerByte: 1e-9), bytes: 4e6)

  private static func cost(slope: Double) -> ComputeCost {
    ComputeCost(
      ranks: 1,
      points: [1, 10, 100].map { .init(samples: $0, statistics: 1e-3 + slope * Double($0), update: 2e-3) })
  }

  @Test func `a step on 8 nodes of 4 ranks is what one computes by hand`() throws {
    let grid = RankGrid(ranks: 32, ranksPerNode: 4)
    #expect(grid == RankGrid(nodes: 8, ranksPerNode: 4))
    // 2·2·1 us + 2·¾·4 MB·0.1 ns + 2·3·10 us + 2·⅞·4 MB·1 ns
    let flat = 4e-6 + 0.6e-3 + 60e-6 + 7e-3
    #expect(isClose(try #require(Self.model.reduction(.flat, on: grid)), flat))
    // 6·2·1 us + 2·3·10 us + 2·⅞·4 MB·1 ns
    let hierarchical = 12e-6 + 60e-6 + 7e-3
    #expect(isClose(try #require(Self.model.reduction(.hierarchical, on: grid)), hierarchical))
    // 1 ms + 10·0.2 ms + 2 ms, and a quarter of the update.
    #expect(isClose(try #require(Self.model.step(samples: 10, .flat, on: grid)), 5e-3 + flat))
    #expect(isClose(try #require(Self.model.step(samples: 10, .hierarchical, on: grid)), 3.5e-3 + hierarchical))
    #expect(isClose(try #require(Self.model.step(samples: 10, .flat, on: grid, load: 2)), 10e-3 + flat))
    // A single rank computes alone and reduces nothing.
    let single = RankGrid(ranks: 1, ranksPerNode: 4)
    #expect(isClose(try #require(Self.model.step(samples: 10, .flat, on: single)), 4e-3))
  }

  @Test func `with one rank on each node both reductions are the allreduce of the link, and twice as late in two`()
    throws
  {
    let grid = RankGrid(ranks: 16, ranksPerNode: 1)
    let link = try #require(Self.model.crossLink)
    for method in StepTimeModel.Method.allCases {
      #expect(isClose(try #require(Self.model.reduction(method, on: grid)), link.allReduce(ranks: 16, bytes: 4e6)))
    }
    var model = Self.model
    model.reductions = 2
    #expect(
      isClose(try #require(model.reduction(.flat, on: grid)), link.allReduce(ranks: 16, bytes: 4e6) + 8 * 10e-6))
  }

  @Test func `between a few nodes every piece of a sum takes its messages`() throws {
    var model = Self.model
    model.pieceBytes = 40_000
    // 4 MB are 100 pieces: 2·100·3·10 us + 2·⅞·4 MB·1 ns between 8 nodes, a quarter of the pieces for each of 4 ranks.
    let alone = RankGrid(ranks: 8, ranksPerNode: 1)
    #expect(isClose(try #require(model.reduction(.flat, on: alone)), 6e-3 + 7e-3))
    let four = RankGrid(ranks: 32, ranksPerNode: 4)
    #expect(isClose(try #require(model.reduction(.hierarchical, on: four)), 12e-6 + 1.5e-3 + 7e-3))
    // Inside a node all ranks add up in the same pieces: 2·100·2·1 us more than the bytes take there.
    #expect(isClose(try #require(model.reduction(.flat, on: four)), 0.4e-3 + 0.6e-3 + 6e-3 + 7e-3))
    // Sums that are smaller than a piece are one.
    model.pieceBytes = 8_000_000
    #expect(model.reduction(.flat, on: alone) == Self.model.reduction(.flat, on: alone))
  }

  @Test func `sums go in pieces between two to eight machines that TCP connects`() throws {
    for (machines, isTCP, expected) in [
      (1, true, nil), (2, true, 65536), (8, true, 65536), (9, true, nil), (2, false, nil),
    ] as [(Int, Bool, Int?)] {
      #expect(PieceSize.auto.resolved(machines: machines, isTCP: isTCP) == expected)
      #expect(PieceSize.whole.resolved(machines: machines, isTCP: isTCP) == nil)
      #expect(PieceSize.bytes(5000).resolved(machines: machines, isTCP: isTCP) == 5000)
    }
    #expect(try PieceSize(parsing: "whole") == .whole && PieceSize(parsing: "4096") == .bytes(4096))
  }

  @Test func `a link is found from allreduces in pieces, each with its own rounds`() {
    let link = Link(latency: 10e-6, secondsPerByte: 1e-9)
    // 2⌈log₂ 4⌉ · 10 us for every 10,000 bytes.
    let line = LinearCost(fixed: 40e-6, slope: 1.5e-9 + 4e-9)
    let found = Link(ofAllReduce: line, ranks: 4, pieceBytes: 10_000)
    #expect(isClose(found.latency, link.latency) && isClose(found.secondsPerByte, link.secondsPerByte, 1e-6))
    #expect(Link(ofAllReduce: LinearCost(fixed: 1, slope: 0), ranks: 4, pieceBytes: 1).secondsPerByte == 0)
  }

  @Test func `what needs an unknown link is not predicted`() {
    var model = Self.model
    model.crossLink = nil
    #expect(model.step(samples: 1, .flat, on: RankGrid(nodes: 2, ranksPerNode: 1)) == nil)
    #expect(model.step(samples: 1, .flat, on: RankGrid(nodes: 1, ranksPerNode: 2)) != nil)
    model.nodeLink = nil
    #expect(model.step(samples: 1, .hierarchical, on: RankGrid(nodes: 1, ranksPerNode: 2)) == nil)
    #expect(model.step(samples: 1, .flat, on: RankGrid(nodes: 1, ranksPerNode: 1)) != nil)
  }

  @Test func `ranks are oversubscribed where a machine has fewer cores, whatever its hosts are called`() {
    func placement(_ hosts: [String], _ machines: [String], _ cores: [Set<Int>]) -> RankPlacement {
      RankPlacement(hosts: hosts, machines: machines, cores: cores)
    }
    let spread = placement(["a", "a", "b"], ["x", "x", "y"], [[0, 1], [0, 1], [0]])
    #expect(spread.load == 1 && !spread.isOversubscribed)
    #expect(spread.distinctHosts == ["a", "b"] && spread.ranksPerHost == 2 && spread.hostLeaders == [0, 2])
    #expect(spread.coreCount(of: "a") == 2 && spread.ranks(on: "b") == [2])
    // Four namespaces of one machine with two cores.
    let names = placement(["a", "b", "c", "d"], ["x", "x", "x", "x"], Array(repeating: [0, 1], count: 4))
    #expect(names.load == 2 && names.isOversubscribed && !names.prefix(2).isOversubscribed)
    // Two ranks that are bound to the same core.
    #expect(placement(["a", "a"], ["x", "x"], [[1], [1]]).load == 2)
    #expect(RankPlacement.cores(inList: "\t0-2,5") == [0, 1, 2, 5])
  }

  @Test(arguments: [
    ("1Gbit:50us", 50e-6, 8e-9), ("100Mbit:1ms", 1e-3, 8e-8), ("2.5gbit:300ns", 300e-9, 3.2e-9),
    ("1Tbit:0us", 0, 8e-12),
  ]) func `a link is read from its nominal numbers`(text: String, latency: Double, secondsPerByte: Double) throws {
    let link = try Link(parsing: text)
    #expect(isClose(link.latency, latency) && isClose(link.secondsPerByte, secondsPerByte))
  }

  @Test(arguments: [
    "", "10Gbit", "10:20us", "Gbit:20us", "0Gbit:1us", "10Gbit:-1us", "10Gbit:20us:1", "1Gbit:1s", "nanGbit:1us",
  ])
  func `what is no link is refused with an example`(text: String) {
    #expect { try Link(parsing: text) } throws: { "\($0)".contains("10Gbit:20us") }
  }

  private func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
    (a - b).magnitude <= tolerance * b.magnitude
  }
}
