import Hypergradients
import Kernels
import TestSupport
import Testing

struct SlopeAverageTests {
  /// Two levels: the hypergradient is linear in ∇L, so that at one W an average of slopes gives the average of
  /// hypergradients, (1 − β) Σ β^(t−k) h_k / (1 − βᵗ).
  @Test func `an average of slopes gives the corrected average of the hypergradients`() throws {
    let first = try ChainProblem(seed: 51, levels: 2)
    var second = first
    second.validation = try ChainProblem(seed: 52, levels: 2).validation
    let exact = try [first, second, first].map { try $0.compute(.exact, as: Double.self).values }
    let decay = 0.7
    for strategy in [Strategy.exact, .fused] {
      let averaging = try Hypergradient<Double>(first.chain, strategy: strategy, radius: 1e-3, slopeDecay: decay)
      var average = [Double](repeating: 0, count: 7)
      for (count, problem) in [first, second, first].enumerated() {
        let (values, _) = try problem.compute(with: averaging, over: SingleRank())
        average = zip(average, exact[count]).map { decay * $0 + (1 - decay) * $1 }
        let correction = (0...count).reduce(0) { $0 + (1 - decay) * [1, decay, decay * decay][$1] }
        let expected = average.map { $0 / correction }
        #expect(relativeDifference(values, expected) < (strategy == .exact ? 1e-12 : 1e-5), "\(strategy), \(count)")
      }
    }
    #expect(relativeDifference(exact[1], exact[0]) > 0.1)
  }
}
