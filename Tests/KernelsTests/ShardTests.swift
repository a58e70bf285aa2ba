import Kernels
import Testing

struct ShardingTests {
  @Test(arguments: [0, 1, 7, 64, 100], [1, 2, 3, 8, 64])
  func `shards cover a range once, in order, with sizes that differ by at most one`(count: Int, ranks: Int) {
    let shards = (0..<ranks).map { shard(5..<5 + count, rank: $0, of: ranks) }
    #expect(shards.flatMap { Array($0) } == Array(5..<5 + count))
    let sizes = shards.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    #expect((sizes.max() ?? 0) <= (count + ranks - 1) / ranks)
  }
}
