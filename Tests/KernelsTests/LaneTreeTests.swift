import Kernels
import TestSupport
import Testing

@Suite struct LaneTreeTests {
  /// The sum of a subtree by the definition alone: the halves of a ..< b meet at ⌊(a + b)/2⌋.
  private func recursive<S: Real>(_ lanes: Range<Int>, _ values: [S]) -> S {
    guard lanes.count > 1 else { return values[lanes.lowerBound] }
    let middle = (lanes.lowerBound + lanes.upperBound) / 2
    return recursive(lanes.lowerBound..<middle, values) + recursive(middle..<lanes.upperBound, values)
  }

  /// What the ranks' subtrees add up to, as they are added up where they travel.
  private func distributed<S: Real>(_ values: [S], ranks: Int) -> S {
    let trees = (0..<ranks).map { LaneTree(lanes: values.count, rank: $0, ranks: ranks) }
    var sums: [S] = []
    for tree in trees {
      for subtree in tree.subtrees {
        // One number for each level, overwritten as memory would be.
        var levels = [S](repeating: .nan, count: tree.levels + 1)
        tree.fold(subtree) { lanes, level in
          levels[level] = values[lanes.lowerBound]
        } join: {
          levels[$0] += levels[$0 + 1]
        }
        #expect(levels[0] == tree.sum(subtree) { values[$0] })
        sums.append(levels[0])
      }
    }
    for addition in trees[0].additions { sums[addition.into] += sums[addition.from] }
    return sums[0]
  }

  /// Numbers whose sums round.
  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var random = SmallRandom(seed: seed)
    return (0..<count).map { _ in Float(random.uniform(-1...1)) * (random.chance(0.5) ? 1 : 1e-3) }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 12, 16]) func `any ranks add the lanes up as the definition does`(lanes: Int) {
    for seed in 0..<20 as Range<UInt64> {
      let values = numbers(lanes, seed: seed)
      let whole = recursive(0..<lanes, values)
      for ranks in 1...20 {
        #expect(distributed(values, ranks: ranks).bitPattern == whole.bitPattern, "\(lanes) lanes, \(ranks) ranks")
      }
    }
  }

  @Test func `another order gives other bits`() {
    let differ = (0..<20 as Range<UInt64>).count { seed in
      let values = numbers(8, seed: seed)
      return values.reduce(0, +) != recursive(0..<8, values)
    }
    #expect(differ > 5)
  }

  @Test func `at two, four and eight ranks of eight lanes every rank has one subtree`() {
    for ranks in [1, 2, 4, 8] {
      #expect(LaneTree(lanes: 8, rank: 0, ranks: ranks).subtreeCounts == Array(repeating: 1, count: ranks))
    }
    #expect(LaneTree(lanes: 8, rank: 1, ranks: 3).subtrees == [2..<4, 4..<5])
    #expect(LaneTree(lanes: 8, rank: 0, ranks: 16).subtrees == [])
    #expect(LaneTree(lanes: 8, rank: 1, ranks: 16).subtrees == [0..<1])
  }

  @Test(arguments: [1, 3, 8, 16]) func `lanes share out every sample once, whoever holds them`(lanes: Int) {
    for samples in [0, 1, 2, 7, 8, 100, 101] {
      let shares = (0..<lanes).map { shard(0..<samples, rank: $0, of: lanes) }
      for ranks in [1, 2, 3, 4, 5, 7, 8, 20] {
        var next = 0
        for rank in 0..<ranks {
          let tree = LaneTree(lanes: lanes, rank: rank, ranks: ranks)
          let own = tree.shard(0..<samples)
          #expect(own.lowerBound == next || own.isEmpty)
          next = own.isEmpty ? next : own.upperBound
          #expect(own.count <= LaneTree.capacity(samples: samples, lanes: lanes, ranks: ranks))
          for lane in tree.own {
            let rows = tree.rows(of: lane..<lane + 1, samples: samples)
            #expect(rows.count == shares[lane].count)
            #expect(rows.lowerBound + own.lowerBound == shares[lane].lowerBound)
          }
        }
        #expect(next == samples)
      }
    }
  }
}
