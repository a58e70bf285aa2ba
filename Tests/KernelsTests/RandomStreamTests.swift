import Kernels
import Testing

@Suite struct RandomStreamTests {
  @Test func `the first numbers are those of the definition`() {
    // SplitMix64 and the hash of the address, computed with Python's integers.
    let first = RandomStream(seed: 1, .initialization, 0)
    #expect((0..<3).map { first[$0] } == [0x82a8_9f99_ae46_f68d, 0xeb2b_d425_21ed_e9fe, 0x4c68_7dd1_ce03_8789])
    #expect((0..<2).map { first.uniform($0) } == [0.5103854894826119, 0.9186375227599722])
    let other = RandomStream(seed: 42, .shuffle, 3)
    #expect((0..<3).map { other[$0] } == [0x2a99_5db9_85a6_48dc, 0x5c80_3b13_76c8_2fc1, 0xd022_690e_e882_22a8])
    let bare = RandomStream(seed: 0, .initialization)
    #expect((0..<2).map { bare[$0] } == [0xd376_9023_6f2c_bf70, 0xb118_1a5d_6fa2_4499])
    // log and cos may differ in their last bits.
    #expect((first.normal(0) - 1.042310610448312).magnitude < 1e-14)
    #expect((first.normal(1) - 0.02287497989858932).magnitude < 1e-14)
  }

  @Test func `the same address gives the same numbers in any order`() {
    let (a, b) = (RandomStream(seed: 9, .shuffle, 1, 2), RandomStream(seed: 9, .shuffle, 1, 2))
    let forward = (0..<100).map { a[$0] }
    let backward = (0..<100).reversed().map { b[$0] }
    #expect(forward == backward.reversed())
  }

  @Test func `a different seed, purpose or address gives different numbers`() {
    let streams = [
      RandomStream(seed: 1, .shuffle, 0, 1), RandomStream(seed: 2, .shuffle, 0, 1),
      RandomStream(seed: 1, .initialization, 0, 1), RandomStream(seed: 1, .shuffle, 1, 0),
      RandomStream(seed: 1, .shuffle, 0), RandomStream(seed: 1, .shuffle, 1), RandomStream(seed: 1, .shuffle),
      RandomStream(seed: 1, .shuffle, 0, 1, 0), RandomStream(seed: 1, .shuffle, 0, -1),
    ]
    // 900 numbers of 64 bits: two equal ones have the probability 2e-14.
    let numbers = streams.flatMap { stream in (0..<100).map { stream[$0] } }
    #expect(Set(numbers).count == 900)
  }

  @Test func `uniform numbers lie in [0, 1) with the right mean and variance`() {
    let stream = RandomStream(seed: 3, .initialization, 4)
    let count = 100_000
    let numbers = (0..<count).map { stream.uniform($0) }
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    let mean = numbers.reduce(0, +) / Double(count)
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    // Four standard errors: of the mean √(1/12n), of the variance √(1/180n).
    #expect((mean - 0.5).magnitude < 4 * (1 / (12 * Double(count))).squareRoot())
    #expect((variance - 1 / 12.0).magnitude < 4 * (1 / (180 * Double(count))).squareRoot())
    // Multiples of 2⁻⁵³, and not of 2⁻⁵².
    #expect(numbers.allSatisfy { $0 * 0x1p53 == ($0 * 0x1p53).rounded() })
    #expect(numbers.contains { $0 * 0x1p52 != ($0 * 0x1p52).rounded() })
  }

  @Test func `normal numbers have mean 0, variance 1 and the right tails`() {
    let stream = RandomStream(seed: 3, .initialization, 5)
    let count = 100_000
    let numbers = (0..<count).map { stream.normal($0) }
    let root = Double(count).squareRoot()
    #expect(numbers.allSatisfy { $0.isFinite })
    #expect((numbers.reduce(0, +) / Double(count)).magnitude < 4 / root)
    #expect((numbers.reduce(0) { $0 + $1 * $1 } / Double(count) - 1).magnitude < 4 * 2.0.squareRoot() / root)
    // P(|x| > 2) = 0.0455.
    let outside = Double(numbers.count { $0.magnitude > 2 }) / Double(count)
    #expect((outside - 0.0455).magnitude < 4 * (0.0455 * 0.9545).squareRoot() / root)
  }

  @Test func `the first shuffle is that of the definition`() {
    var elements: [Int32] = Array(0..<10)
    RandomStream(seed: 1, .shuffle, 0).shuffle(&elements)
    #expect(elements == [9, 8, 2, 3, 4, 7, 1, 6, 5, 0])
  }

  @Test(arguments: [0, 1, 2, 3, 1000])
  func `a shuffle is a permutation`(count: Int) {
    var elements = (0..<count).map { Int32($0) }
    RandomStream(seed: 7, .shuffle, count).shuffle(&elements)
    #expect(elements.sorted() == (0..<count).map { Int32($0) })
    #expect(count < 1000 || elements != elements.sorted())
  }

  @Test func `every permutation of four is equally likely`() {
    let statistic = chiSquare { epoch in
      var elements: [Int32] = [0, 1, 2, 3]
      RandomStream(seed: 11, .shuffle, epoch).shuffle(&elements)
      return elements
    }
    #expect(statistic < chiSquareLimit)
  }

  @Test func `the statistic rejects a shuffle that swaps with any place`() {
    let statistic = chiSquare { epoch in
      var elements: [Int32] = [0, 1, 2, 3]
      let stream = RandomStream(seed: 11, .shuffle, epoch)
      for k in 0..<4 { elements.swapAt(k, Int(stream.uniform(k) * 4)) }
      return elements
    }
    #expect(statistic > chiSquareLimit)
  }

  /// The 99.99 % quantile with 24 − 1 degrees of freedom.
  private let chiSquareLimit = 56.0

  /// Σ (found − expected)²/expected over the 24 permutations, of 24 000 shuffles.
  private func chiSquare(_ permutation: (Int) -> [Int32]) -> Double {
    var counts: [[Int32]: Int] = [:]
    for epoch in 0..<24_000 { counts[permutation(epoch), default: 0] += 1 }
    let found = counts.values.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    return found + 1000 * Double(24 - counts.count)
  }
}
