import Configurations
import Diagnostics
import Foundation
import Hypergradients
import Testing

/// The verdict of the sweep on differences that are right, and on ones with planted errors.
struct HypergradientCheckTests {
  /// Σ_m c_m ∇ℓ_i(W) · q_m by (M26) for ℓ_i(W) = log(1 + exp(x_i · W)), with β = radius/‖q‖.
  ///
  /// - Parameters:
  ///   - divide: what becomes of the difference of two losses.
  private func leaves(
    _ q: [Double], radius: Double, _ divide: (_ difference: Double, _ beta: Double) -> Double
  ) -> [Double] {
    let beta = radius / q.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return Self.examples.map { x in
      func loss(_ sign: Double) -> Double {
        log1p(exp((0..<3).reduce(0) { $0 + x[$1] * (Self.w[$1] + sign * beta * q[$1]) }))
      }
      return divide(loss(1) - loss(-1), beta)
    }
  }

  private static let w = [0.3, -0.2, 0.5]
  private static let examples = [[1.0, 2, -1], [0.5, -1, 2], [-2, 0.25, 1], [1, 1, 1]]
  private static let unit = [2.0 / 3, -2.0 / 3, 1.0 / 3]

  private func exact(_ q: [Double]) -> [Double] {
    Self.examples.map { x in
      let z = (0..<3).reduce(0) { $0 + x[$1] * Self.w[$1] }
      return (0..<3).reduce(0) { $0 + x[$1] * q[$1] } / (1 + exp(-z))
    }
  }

  private func outcomes(
    length: Double, _ divide: (_ difference: Double, _ beta: Double) -> Double
  ) -> [HypergradientCheck.Outcome] {
    let q = Self.unit.map { $0 * length }
    return HypergradientCheck().run(exact: exact(q)) { _, radius in
      HypergradientCheck.Estimate(values: leaves(q, radius: radius, divide), crossesKinks: false)
    }
  }

  /// Lengths of q for which β passes 1 within the sweep, and for which it does not.
  private static let lengths = [1e-6, 1e-3, 0.01, 0.0316, 1, 100]

  @Test(arguments: lengths) func `differences over 2 β agree, with the order 2`(length: Double) throws {
    for outcome in outcomes(length: length, { $0 / (2 * $1) }) {
      #expect(outcome.verdict == .agrees)
      #expect(abs(try #require(outcome.order) - 2) < 0.05)
      #expect(try #require(outcome.best) < 1e-9)
      #expect(outcome.rows.map(\.radius) == HypergradientCheck.radii)
    }
  }

  @Test(arguments: lengths) func `differences over 2, times β, fail, also where β passes 1`(length: Double) {
    for outcome in outcomes(length: length, { $0 / 2 * $1 }) { #expect(outcome.verdict != .agrees, "\(outcome)") }
  }

  @Test func `one is right by chance at a radius of the sweep, and fails all the same`() throws {
    // ‖q‖ is a radius: β = 1 there, where truncation is 1e-6 for the radius 1e-3.
    let outcome = outcomes(length: 1e-3) { $0 / 2 * $1 }[0]
    #expect(try #require(outcome.rows.map(\.difference).min()) < 1e-5)
    #expect(outcome.verdict != .agrees)
  }

  @Test(arguments: [1 + 1e-6, 1.001, 2, -1, 0])
  func `a constant factor fails`(factor: Double) {
    // Nested may be off by a hundred thousandth.
    let found = outcomes(length: 1) { factor * $0 / (2 * $1) }
    #expect(found[1].verdict != .agrees)
    if abs(factor - 1) > 1e-5 { #expect(found[0].verdict != .agrees) }
  }

  @Test func `one-sided differences fail by their order`() {
    let q = Self.unit
    let outcomes = HypergradientCheck().run(exact: exact(q)) { _, radius in
      let middle = Self.examples.map { x in log1p(exp((0..<3).reduce(0) { $0 + x[$1] * Self.w[$1] })) }
      let above = Self.examples.map { x in
        log1p(exp((0..<3).reduce(0) { $0 + x[$1] * (Self.w[$1] + radius * q[$1]) }))
      }
      return HypergradientCheck.Estimate(
        values: zip(above, middle).map { ($0 - $1) / radius }, crossesKinks: false)
    }
    #expect(outcomes.allSatisfy { $0.verdict == .order && abs(($0.order ?? 0) - 1) < 0.1 })
  }

  @Test func `rounding alone agrees without an order, unless it is too large`() {
    var random = SystemRandomNumberGenerator()
    func outcome(_ size: Double) -> HypergradientCheck.Outcome {
      HypergradientCheck().run(exact: [1, 2, 3]) { _, _ in
        HypergradientCheck.Estimate(
          values: [1, 2, 3].map { $0 + Double.random(in: -size...size, using: &random) }, crossesKinks: false)
      }[1]
    }
    #expect(outcome(1e-12).verdict == .agrees && outcome(1e-12).best ?? 1 < 1e-11)
    #expect(outcome(1e-4).verdict != .agrees)
  }

  @Test func `radii with kinks within reach are left out`() {
    let q = Self.unit
    func outcome(kinksAbove limit: Double) -> HypergradientCheck.Outcome {
      HypergradientCheck().run(exact: exact(q)) { _, radius in
        let values = leaves(q, radius: radius) { $0 / (2 * $1) }
        // Beyond the kink half of the change is missing.
        return HypergradientCheck.Estimate(
          values: values.map { radius > limit ? 0.5 * $0 : $0 }, crossesKinks: radius > limit)
      }[1]
    }
    let some = outcome(kinksAbove: 2e-4)
    #expect(some.verdict == .agrees && some.rows.count(where: \.crossesKinks) == 6)
    #expect(some.rows[6].order == nil && some.rows[7].order != nil)
    #expect(outcome(kinksAbove: 0).verdict == .kinks)
    #expect(outcome(kinksAbove: 0).best == nil)
  }

  @Test func `a hypergradient of zeros agrees with zeros only`() {
    func verdict(_ value: Double) -> HypergradientCheck.Verdict {
      HypergradientCheck().run(exact: [0, 0]) { _, _ in .init(values: [0, value], crossesKinks: false) }[0].verdict
    }
    #expect(verdict(0) == .agrees)
    #expect(verdict(1e-9) != .agrees)
    #expect(verdict(.nan) != .agrees)
  }
}
