import Optimizers
import Testing

/// (M15) Every branch of the rule, with λ = 8.
@Suite struct TrustRatioTests {
  /// One judgement of a step.
  struct Case: CustomTestStringConvertible, Sendable {
    var actual: Double
    var predicted: Double
    var isFinite = true
    var verdict: TrustRatio.Verdict
    var rate: Double

    var testDescription: String { "a = \(actual), p = \(predicted), finite: \(isFinite)" }
  }

  private static let cases = [
    // Not finite, whatever a and p are.
    Case(actual: -.infinity, predicted: 1, isFinite: false, verdict: .undo, rate: 4),
    Case(actual: .nan, predicted: 1, isFinite: false, verdict: .undo, rate: 4),
    Case(actual: .nan, predicted: -1, isFinite: false, verdict: .undo, rate: 4),
    Case(actual: 0, predicted: 0, isFinite: false, verdict: .undo, rate: 4),
    // Uphill although the gradient promised a decrease.
    Case(actual: -0.001, predicted: 1, verdict: .undo, rate: 4),
    Case(actual: -.leastNonzeroMagnitude, predicted: .leastNonzeroMagnitude, verdict: .undo, rate: 4),
    // More than r* of what was promised, even more than all of it.
    Case(actual: 0.61, predicted: 1, verdict: .accept, rate: 8 * 1.1),
    Case(actual: 3, predicted: 1, verdict: .accept, rate: 8 * 1.1),
    // r* and less.
    Case(actual: 0.6, predicted: 1, verdict: .accept, rate: 8 * 0.9),
    Case(actual: 0.1, predicted: 1, verdict: .accept, rate: 8 * 0.9),
    Case(actual: 0, predicted: 1, verdict: .accept, rate: 8 * 0.9),
    // r = 0 where nothing was promised, in either direction.
    Case(actual: 1, predicted: 0, verdict: .accept, rate: 8 * 0.9),
    Case(actual: -1, predicted: 0, verdict: .accept, rate: 8 * 0.9),
    Case(actual: 0, predicted: -1, verdict: .accept, rate: 8 * 0.9),
    Case(actual: 1, predicted: -1, verdict: .accept, rate: 8 * 0.9),
    Case(actual: -1, predicted: -1, verdict: .accept, rate: 8 * 0.9),
    // No step.
    Case(actual: 0, predicted: 0, verdict: .accept, rate: 8),
  ]

  @Test(arguments: cases)
  func `a judgement undoes or accepts, and moves λ`(_ expected: Case) {
    var trust = TrustRatio(rate: 8)
    let verdict = trust.adapt(actual: expected.actual, predicted: expected.predicted, isFinite: expected.isFinite)
    #expect(verdict == expected.verdict)
    #expect(trust.rate == expected.rate)
  }

  @Test func `the target decides where λ turns`() {
    var (careful, bold) = (TrustRatio(rate: 1, target: 0.8), TrustRatio(rate: 1, target: 0.5))
    #expect(careful.adapt(actual: 0.7, predicted: 1, isFinite: true) == .accept)
    #expect(bold.adapt(actual: 0.7, predicted: 1, isFinite: true) == .accept)
    #expect(careful.rate == 0.9 && bold.rate == 1.1)
  }

  @Test func `one step in five is judged unless another number is given`() {
    #expect((0..<11).filter { TrustRatio(rate: 1).isDue(step: $0) } == [0, 5, 10])
    #expect((0..<11).filter { TrustRatio(rate: 1, every: 1).isDue(step: $0) } == Array(0..<11))
    #expect(TrustRatio(rate: 1).target == 0.6)
  }

  @Test(arguments: [1e-3, 1, 40])
  func `on a parabola λ settles where a/p is r*`(start: Double) {
    // J = ½ c w², Δw = −λ c w: λ = 1/c is the minimum along the line, a/p = 1 − λ c/2.
    let c = 0.25
    var trust = TrustRatio(rate: start, every: 1)
    for _ in 0..<200 {
      let (w, step) = (1.0, -trust.rate * c)
      let actual = c / 2 * (w * w - (w + step) * (w + step))
      _ = trust.adapt(actual: actual, predicted: -c * w * step, isFinite: true)
    }
    // 1 − λ c/2 = 0.6 at λ = 3.2, up to one factor of 1.1 or 0.9.
    #expect(trust.rate >= 3.2 * 0.9 && trust.rate <= 3.2 * 1.1)
  }
}
