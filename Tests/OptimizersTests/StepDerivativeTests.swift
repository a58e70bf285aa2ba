import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// P = −∂(Δw)/∂Ẇ, with Ẅ, v̂, layer scales and lengths as they were in the step.
@Suite struct StepDerivativeTests {
  /// Seven steps of some ten roundings each. A step's change is at least a thirtieth of the step, so that it has lost no
  /// more than five bits.
  private func tolerance(_ precision: Precision) -> Double { 4096 * ulp(of: precision) }

  /// The greatest error of P · (the change of Ẇ), relative to the change of every parameter's step.
  private func error(_ result: DerivativeProblem.Result, factor: Double = 1) -> Double {
    let untrained = Set(result.untrained)
    return result.derivative.indices.filter { !untrained.contains($0) }.map { k in
      let change = result.expectedStep[k] - result.changedStep[k]
      let error = (factor * result.derivative[k] * result.change[k] - change).magnitude / change.magnitude
      return error.isNaN ? .infinity : error
    }.max() ?? .infinity
  }

  @Test(arguments: DerivativeProblem.all, Precision.allCases)
  func `a change of the gradient changes the step by P times it`(
    problem: DerivativeProblem, precision: Precision
  ) throws {
    for terms in [Regularization(), problem.regularization, Regularization(l2: 0.25, includingBiases: false)] {
      var problem = problem
      problem.regularization = terms
      let result = try problem.result(in: precision)
      // The plain loops freeze the step that the program made.
      for k in result.step.indices where !result.untrained.contains(k) {
        let error = (result.step[k] - result.expectedStep[k]).magnitude
        #expect(error <= tolerance(precision) * max(1e-3, result.expectedStep[k].magnitude))
      }
      #expect(error(result) <= tolerance(precision))
      #expect(result.untrained.count == 10 && result.untrained.allSatisfy { result.derivative[$0] == 0 })
    }
  }

  @Test(arguments: DerivativeProblem.all, [7, 9])
  func `where Ẅ is kept from an earlier step it is the one that the step had`(
    problem: DerivativeProblem, steps: Int
  ) throws {
    var problem = problem
    // Seven steps end with a new Ẅ, nine two steps after it.
    (problem.steps, problem.curvatureEvery) = (steps, 3)
    #expect(try error(problem.result(in: .float64)) <= tolerance(.float64))
  }

  @Test(arguments: DerivativeProblem.all)
  func `a derivative by the mean, or without the bias correction, or with that of another step is wrong`(
    problem: DerivativeProblem
  ) throws {
    let result = try problem.result(in: .float64)
    var wrong = [Double(DerivativeProblem.samples), -1, 1 / DerivativeProblem.rate]
    let decay: Double? =
      switch problem.rule {
      case let rule as Momentum: rule.decay
      case let rule as Adam: rule.momentum
      case let rule as ResidualPartitioning: rule.momentum == 0 ? nil : rule.momentum
      default: nil
      }
    if let decay {
      func power(_ t: Int) -> Double { (0..<t).reduce(1) { power, _ in power * decay } }
      wrong += [1 - power(7), (1 - power(7)) / (1 - power(6)), 1 / (1 - decay)]
    }
    for factor in wrong { #expect(error(result, factor: factor) > 1000 * tolerance(.float64), "\(factor)") }
    // Without P's own dependence on the parameter: the mean of P for all of them.
    var equal = result
    equal.derivative = equal.derivative.map { _ in result.derivative.reduce(0, +) / Double(result.derivative.count) }
    #expect(error(equal) > 0.1)
  }

  /// Rules whose step is linear in Ẇ: what is held constant does not depend on it.
  private static let linear = DerivativeProblem.all.filter { problem in
    switch problem.rule {
    case is SGD, is Momentum: true
    case let rule as ResidualPartitioning: rule.layerScale == .none && !rule.findsLength
    default: false
    }
  }

  @Test(arguments: linear)
  func `where nothing that is held constant depends on the gradient it is the derivative of the update itself`(
    problem: DerivativeProblem
  ) throws {
    let layout = try DerivativeProblem.layout(as: Double.self)
    let (sums, change) = problem.statistics(count: layout.count)
    /// Δw of the last step, with a multiple of the change added to its Ẇ, and P.
    func last(_ multiple: Double) -> (step: [Double], derivative: [Double]) {
      let (w, p) = (vector(change, as: Double.self), vector(change, as: Double.self))
      let state = OptimizerState<Double>(for: problem.rule, layout)
      var before: [Double] = []
      for (number, sums) in sums.enumerated() {
        let wDot = number == problem.steps - 1 ? zip(sums.wDot, change).map { $0 + multiple * $1 } : sums.wDot
        let slice = StatisticsSlice(
          wDot: vector(wDot, as: Double.self), wDDot: sums.wDDot.map { vector($0, as: Double.self) })
        before = w.array
        problem.rule.update(
          w, sums: slice, samples: 3, state: state, rate: 0.5, regularization: problem.regularization, layout: layout)
        problem.rule.stepDerivative(
          into: p, sums: slice, samples: 3, state: state, rate: 0.5, regularization: problem.regularization,
          layout: layout)
      }
      return (zip(w.array, before).map { $0 - $1 }, p.array)
    }
    let (plus, minus) = (last(1), last(-1))
    for k in change.indices {
      let found = (minus.step[k] - plus.step[k]) / (2 * change[k])
      // Parameters of 3 and steps of 6 round by an ulp each.
      #expect((found - plus.derivative[k]).magnitude <= 64 * Double.ulpOfOne)
    }
    #expect(plus.derivative == minus.derivative)
    #expect(plus.derivative.filter { $0 > 1e-3 }.count == layout.count - 10)
  }

  @Test(arguments: DerivativeProblem.all)
  func `asking for it changes neither the state nor the steps that follow`(problem: DerivativeProblem) throws {
    let layout = try DerivativeProblem.layout(as: Float.self)
    let (sums, change) = problem.statistics(count: layout.count)
    func trajectory(asking: Bool) -> [[Float]] {
      let (w, p) = (vector(change, as: Float.self), vector(change, as: Float.self))
      let state = OptimizerState<Float>(for: problem.rule, layout)
      return sums.map { sums in
        let slice = StatisticsSlice(
          wDot: vector(sums.wDot, as: Float.self), wDDot: sums.wDDot.map { vector($0, as: Float.self) })
        problem.rule.update(
          w, sums: slice, samples: 3, state: state, rate: 0.5, regularization: problem.regularization, layout: layout)
        if asking {
          for _ in 0..<2 {
            problem.rule.stepDerivative(
              into: p, sums: slice, samples: 3, state: state, rate: 0.5, regularization: problem.regularization,
              layout: layout)
          }
        }
        return w.array
      }
    }
    #expect(trajectory(asking: true) == trajectory(asking: false))
  }

  @Test(arguments: CurvaturePower.allCases, Precision.allCases)
  func `a parameter that cannot move has no derivative`(power: CurvaturePower, precision: Precision) throws {
    func derivative<S: Real>(as _: S.Type) throws -> [Double] {
      let rule = ResidualPartitioning(curvaturePower: power)
      let layout = try oneOutput(3, as: S.self)
      let state = OptimizerState<S>(for: rule, layout)
      let (w, p) = (vector([1, 1, 1], as: S.self), vector([.nan, .nan, .nan], as: S.self))
      let sums = StatisticsSlice(wDot: vector([2, 2, 2], as: S.self), wDDot: vector([0, 8, 32], as: S.self))
      rule.update(
        w, sums: sums, samples: 2, state: state, rate: 1, regularization: Regularization(), layout: layout)
      rule.stepDerivative(
        into: p, sums: sums, samples: 2, state: state, rate: 1, regularization: Regularization(), layout: layout)
      return p.array.map { Double($0) }
    }
    // λ/(Ẅ/S)ᵖ/S by hand.
    let expected: [Double] = power == .one ? [0, 0.125, 0.03125] : [0, 0.25, 0.125]
    switch precision {
    case .float32: #expect(try derivative(as: Float.self) == expected)
    case .float64: #expect(try derivative(as: Double.self) == expected)
    }
  }
}
