import Foundation
import Hypergradients
import Testing

/// (M24) The update of one weight under each constraint.
struct WeightConstraintTests {
  @Test(arguments: [
    // θ − η g = 0.5 − 0.1 · g.
    (2.0, 0.3, 0.3, 0.3), (8, -0.3, 0, 0), (-8, 1.3, 1.3, 1), (0, 0.5, 0.5, 0.5), (5, 0, 0, 0), (-5, 1, 1, 1),
  ])
  func `a step is taken and then cut back to what is allowed`(
    hypergradient: Double, none: Double, nonnegative: Double, unit: Double
  ) {
    func step(_ constraint: WeightConstraint) -> Double {
      constraint.weight(constraint.step(0.5, hypergradient: hypergradient, rate: 0.1))
    }
    #expect(abs(step(.none) - none) <= 0x1p-51)
    #expect(abs(step(.nonnegative) - nonnegative) <= 0x1p-51)
    #expect(abs(step(.unit) - unit) <= 0x1p-51)
  }

  @Test func `the variable of a sigmoid moves by the derivative of its weight`() {
    // θ = 0: a = ½, a(1 − a) = ¼; θ = ln 3: a = ¾, a(1 − a) = 3/16.
    #expect(WeightConstraint.sigmoid.step(0, hypergradient: 8, rate: 0.5) == -1)
    let moved = WeightConstraint.sigmoid.step(log(3), hypergradient: -16, rate: 1)
    #expect(abs(moved - (log(3) + 3)) <= 4e-15)
    #expect(abs(WeightConstraint.sigmoid.weight(log(3)) - 0.75) <= 2e-16)
  }

  @Test(arguments: WeightConstraint.allCases, [-2.0, 0.25, 0.75, 3])
  func `the slope is the derivative of the weight by the variable`(constraint: WeightConstraint, theta: Double) {
    let h = 1e-4
    let difference = (constraint.weight(theta + h) - constraint.weight(theta - h)) / (2 * h)
    // The third derivative of σ is at most 1/8, so that the difference is h²/48 off; rounding adds 2⁻⁵²/h.
    #expect(abs(difference - constraint.slope(at: constraint.weight(theta))) <= h * h / 48 + 0x1p-51 / h * 4)
  }

  @Test func `a small step goes downhill in the variable, as the chain rule says`() {
    // L(a) = (a − 0.2)², from a = ½ or 1.
    for constraint in WeightConstraint.allCases {
      var theta = constraint.initialVariable
      func loss(_ theta: Double) -> Double { (constraint.weight(theta) - 0.2) * (constraint.weight(theta) - 0.2) }
      for _ in 0..<200 {
        let next = constraint.step(theta, hypergradient: 2 * (constraint.weight(theta) - 0.2), rate: 0.1)
        #expect(loss(next) <= loss(theta))
        theta = next
      }
      // sigmoid: a contraction of 1 − 0.1 · 2 (a(1 − a))² ≤ 1 − 0.2 · 0.16² a step.
      #expect(abs(constraint.weight(theta) - 0.2) < 0.15, "\(constraint)")
    }
  }

  @Test(arguments: WeightConstraint.allCases)
  func `weights stay allowed and finite, however large the step is`(constraint: WeightConstraint) {
    let allowed: ClosedRange<Double> =
      switch constraint {
      case .none: -.infinity ... .infinity
      case .nonnegative: 0 ... .infinity
      case .unit, .sigmoid: 0...1
      }
    for hypergradient in [-1e300, -1e5, 1e5, 1e300] {
      let theta = constraint.step(constraint.initialVariable, hypergradient: hypergradient, rate: 1)
      #expect(allowed.contains(constraint.weight(theta)))
      let next = constraint.step(theta, hypergradient: hypergradient, rate: 1)
      #expect(next.isFinite && allowed.contains(constraint.weight(next)))
    }
    #expect(allowed.contains(constraint.weight(constraint.initialVariable)))
  }

  @Test func `each constraint goes by its name in configurations`() throws {
    #expect(WeightConstraint.allCases.map(\.rawValue) == ["none", "nonnegative", "unit", "sigmoid"])
    let text = try JSONEncoder().encode(WeightConstraint.allCases)
    #expect(try JSONDecoder().decode([WeightConstraint].self, from: text) == WeightConstraint.allCases)
  }
}

extension WeightConstraint {
  /// (M24) θ after a plain step of gradient descent.
  fileprivate func step(_ theta: Double, hypergradient: Double, rate: Double) -> Double {
    project(theta - rate * slope(at: weight(theta)) * hypergradient)
  }
}
