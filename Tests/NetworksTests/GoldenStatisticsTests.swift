import Networks
import TestSupport
import Testing

/// The product against the float64 statistics that another implementation computed.
@Suite struct GoldenStatisticsTests {
  @Test(arguments: try Golden.all, ReferenceBound.allCases)
  func `statistics in Double agree with the golden to 1e-12`(golden: Golden, bound: ReferenceBound) throws {
    let product = try ProductStatistics(golden.problem, bound, as: Double.self)
    #expect(product.difference(from: golden, bound) <= 1e-12)
  }

  @Test(arguments: try Golden.all, ReferenceBound.allCases)
  func `statistics in Float agree with the golden to the rounding of its sums`(
    golden: Golden, bound: ReferenceBound
  ) throws {
    let product = try ProductStatistics(golden.problem, bound, as: Float.self)
    #expect(product.difference(from: golden, bound) <= floatTolerance(golden.problem))
  }

  @Test(arguments: try Golden.all)
  func `a statistic that is off by the tolerance does not pass`(golden: Golden) throws {
    let product = try ProductStatistics(golden.problem, .paper, as: Double.self)
    var wrong = golden
    let value = golden.expected.paper[0].wDDot.joined().map(\.magnitude).max() ?? 0
    wrong.expected.paper[0].wDDot[0][0] += 1e-11 * value
    #expect(product.difference(from: wrong, .paper) > 1e-12)
    #expect(product.difference(from: golden, .full) > floatTolerance(golden.problem))
  }
}

extension ProductStatistics {
  func difference(from golden: Golden, _ bound: ReferenceBound) -> Double {
    difference(
      from: golden.expected.layers(bound), meanLoss: golden.expected.meanLoss, outputs: golden.expected.outputs,
      outputTotalGradient: golden.expected.outputTotalGradient)
  }
}

/// A first-order error bound for Float, relative to a tensor's largest element.
///
/// A sum of n products is off by at most (n + 1) 2⁻²⁴ of the sum of their magnitudes. A statistic passes through every
/// layer's sum forward and backward and through the sum over samples; each elementwise function adds a few roundings
/// (4 ulp each for the vector functions, σ, σ', σ''). The factor 4 covers sums whose terms cancel to a quarter.
func floatTolerance(_ problem: ReferenceProblem) -> Double {
  let terms = problem.network.layers.reduce(problem.inputs.count + 8) { terms, layer in
    switch layer {
    case .dense(let weight, _): terms + 2 * (weight.count + (weight.first?.count ?? 0) + 2)
    case .activation: terms + 24
    case .normalization, .mask, .residual: terms + 24
    }
  }
  return 4 * Double(terms) * 0x1p-24
}
