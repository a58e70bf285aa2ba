import Hypergradients
import Testing

struct GridTests {
  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 13], [1, 2, 4, 6, 24])
  func `every row of every pass is computed by exactly one rank`(ranks: Int, directions: Int) {
    var computed = [[Int]](repeating: [Int](repeating: 0, count: 11), count: directions)
    for rank in 0..<ranks {
      let grid = Grid(directions: directions, rank: rank, ranks: ranks)
      #expect(grid.groups == min(ranks, directions))
      for pass in 0..<directions where grid.computes(pass: pass) {
        for row in grid.rows(11) { computed[pass][row] += 1 }
      }
    }
    #expect(computed.allSatisfy { $0.allSatisfy { $0 == 1 } })
  }

  @Test func `groups are as large as each other, or one rank larger, and share out the passes evenly`() {
    let grids = (0..<7).map { Grid(directions: 4, rank: $0, ranks: 7) }
    #expect(grids.map(\.group) == [0, 1, 1, 2, 2, 3, 3])
    #expect(grids[1].members == 1..<3)
    #expect(grids[0].passes(24) == [6, 6, 6, 6])
    #expect(grids[0].passes(2) == [1, 1, 0, 0])
  }

  @Test func `a grid that is given is kept, but for passes that cannot be parted`() {
    let grid = Grid(directions: 2, rank: 5, ranks: 8, .fixed(groups: 4, shards: 2))
    #expect((grid.groups, grid.group, grid.members) == (4, 2, 4..<6))
    #expect(Grid(directions: 1, rank: 5, ranks: 8, .fixed(groups: 4, shards: 2)).groups == 1)
  }
}
