import Kernels
import Reweighting
import TestSupport
import Testing

/// How labels come from true classes, and the belief in a label that follows.
struct LabelTransitionsTests {
  private typealias Example = (p: [Double], label: Int)

  /// Probabilities of classes and labels that have nothing to do with each other.
  private static func examples(_ count: Int, classes: Int, seed: UInt64 = 3) -> [Example] {
    var random = SmallRandom(seed: seed)
    return (0..<count).map { _ in
      let e = (0..<classes).map { _ in Double.exp(random.uniform(-3...3)) }
      return (e.map { $0 / e.reduce(0, +) }, random.integer(0...classes - 1))
    }
  }

  private static func transitions(_ examples: some Sequence<Example>, classes: Int) throws -> LabelTransitions {
    let counts = LabelCounts(classes: classes)
    for example in examples { counts.add(example.p, label: example.label) }
    return try counts.transitions(over: SingleRank())
  }

  /// T by the definition; `prior` is what every class has beforehand.
  private static func plain(_ examples: [Example], classes: Int, prior: Double = 1) -> [[Double]] {
    (0..<classes).map { c in
      let all = examples.reduce(prior) { $0 + $1.p[c] }
      return (0..<classes).map { k in
        (prior / Double(classes) + examples.filter { $0.label == k }.reduce(0) { $0 + $1.p[c] }) / all
      }
    }
  }

  /// Every probability is off by 2⁻³¹ at most, and so is a share of them.
  private static let tolerance = 0x1p-29

  @Test(arguments: [2, 3, 10]) func `they are shares of soft counts, row by row`(classes: Int) throws {
    let examples = Self.examples(500, classes: classes)
    let found = try Self.transitions(examples, classes: classes)
    #expect(relativeDifference(found.rows, Self.plain(examples, classes: classes)) <= Self.tolerance)
    for row in found.rows { #expect(abs(row.reduce(0, +) - 1) <= 1e-14) }
    // Other tables are told apart: of labels in place of classes, without the example of each class.
    let transposed = (0..<classes).map { c in (0..<classes).map { found.rows[$0][c] } }
    #expect(relativeDifference(transposed, Self.plain(examples, classes: classes)) > 1e-3)
    #expect(relativeDifference(found.rows, Self.plain(examples, classes: classes, prior: 0)) > 1e3 * Self.tolerance)
  }

  @Test func `a class that nowhere appears may have any label`() throws {
    let examples: [Example] = [([1, 0, 0], 0), ([0, 1, 0], 0)]
    let found = try Self.transitions(examples, classes: 3)
    #expect(relativeDifference(found.rows[2], [1.0 / 3, 1.0 / 3, 1.0 / 3]) <= 1e-15)
    #expect(relativeDifference(found.rows[1], [2.0 / 3, 1.0 / 6, 1.0 / 6]) <= 1e-15)
  }

  @Test func `any order and any shares of the examples give the same bits`() throws {
    let examples = Self.examples(999, classes: 4)
    let forward = try Self.transitions(examples, classes: 4)
    #expect(try Self.transitions(examples.reversed(), classes: 4) == forward)
    let apart = try ThreadRanks.run { rank in
      let counts = LabelCounts(classes: 4)
      for (k, example) in Self.examples(999, classes: 4).enumerated() where (k % 3 == 0) == (rank.rank == 0) {
        counts.add(example.p, label: example.label)
      }
      return try counts.transitions(over: rank)
    }
    #expect(apart == [forward, forward])
  }

  @Test func `the belief in a label is its share of all ways to it`() throws {
    let found = try Self.transitions(Self.examples(300, classes: 3), classes: 3)
    for (p, label) in Self.examples(40, classes: 3, seed: 8) {
      let ways = (0..<3).map { p[$0] * found.rows[$0][label] }
      let belief = found.belief(p, label: label)
      #expect(abs(belief - ways[label] / ways.reduce(0, +)) <= 1e-15)
      let wrong = (0..<3).map { p[$0] * found.rows[label][$0] }
      #expect(abs(belief - wrong[label] / wrong.reduce(0, +)) > 1e-6)
    }
    #expect(found.belief([0, 1, 0], label: 1) == 1)
    #expect(found.belief([1, 0, 0], label: 1) == 0)
  }

  /// Classes drawn by the probabilities, and labels by a table.
  @Test func `with a true table beliefs are as often right as they say`() throws {
    let truth = [[0.6, 0.4, 0], [0.1, 0.8, 0.1], [0.3, 0.2, 0.5]]
    var random = SmallRandom(seed: 12)
    func draw(_ p: [Double]) -> Int {
      let u = random.uniform()
      return u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2
    }
    var examples: [Example] = []
    var isTrue: [Bool] = []
    for _ in 0..<40_000 {
      let e = (0..<3).map { _ in Double.exp(random.uniform(-6...6)) }
      let p = e.map { $0 / e.reduce(0, +) }
      let c = draw(p)
      let label = draw(truth[c])
      examples.append((p, label))
      isTrue.append(label == c)
    }
    // Of the examples in a tenth of the beliefs, as many labels are true as the beliefs say.
    let exact = try Self.transitions(
      truth.enumerated().flatMap { c, row in
        row.enumerated().flatMap { k, share in
          Array(repeating: ((0..<3).map { $0 == c ? 1.0 : 0 }, k), count: Int((share * 10_000).rounded()))
        }
      }, classes: 3)
    var bins = Array(repeating: (expected: 0.0, found: 0.0, variance: 0.0), count: 10)
    for (example, isTrue) in zip(examples, isTrue) {
      let belief = exact.belief(example.p, label: example.label)
      let bin = min(9, Int(belief * 10))
      bins[bin].expected += belief
      bins[bin].found += isTrue ? 1 : 0
      bins[bin].variance += belief * (1 - belief)
    }
    for bin in bins { #expect(abs(bin.found - bin.expected) <= 4.5 * bin.variance.squareRoot() + 1) }
    // Not so where the belief is the probability alone.
    let plain = zip(examples, isTrue).reduce(0.0) { $0 + $1.0.p[$1.0.label] - ($1.1 ? 1 : 0) }
    #expect(abs(plain) > 1000)
  }
}
