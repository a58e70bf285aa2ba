import Hypergradients
import TestSupport
import Testing

/// The goldens' exact hypergradients, by a program that shares nothing with this one.
struct GoldenHypergradientTests {
  @Test(arguments: [2, 3]) func `exact agrees with the golden`(levels: Int) throws {
    let golden = try HypergradientGolden()
    let (values, loss) = try golden.problem(levels: levels).compute(.exact, as: Double.self)
    let (expected, expectedLoss) = golden.expected.of(levels)
    #expect(relativeDifference(values, expected) < 1e-10)
    #expect(abs(loss - expectedLoss) < 1e-12)
  }

  @Test(arguments: [2, 3], [Strategy.nested, .fused])
  func `differences come near the golden`(levels: Int, strategy: Strategy) throws {
    let golden = try HypergradientGolden()
    let (values, _) = try golden.problem(levels: levels).compute(strategy, radius: 1e-3, as: Double.self)
    #expect(relativeDifference(values, golden.expected.of(levels).values) < 1e-5)
  }
}
