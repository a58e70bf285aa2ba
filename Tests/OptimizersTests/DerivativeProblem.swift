import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// Some steps of a rule with random statistics, here and in plain loops, of which the last one is differentiated.
struct DerivativeProblem: CustomTestStringConvertible {
  static let samples = 3
  static let rate = 0.5

  let rule: any Optimizer
  let reference: any ReferenceRule
  /// How many steps, of which the first computes Ẅ and then one in `curvatureEvery`.
  var steps = 7
  var curvatureEvery = 1
  var regularization = Regularization(l2: 0.25, l1: 0.125)

  var testDescription: String { "\(rule)" }

  /// Every rule with every option.
  static let all: [DerivativeProblem] =
    RuleProblem.all.map { DerivativeProblem(rule: $0.rule, reference: ReferenceOptimizer($0.reference)) }
    + [(0, 0), (0.9, 0), (0, 0.95), (0.9, 0.95)].flatMap { momentum, decay in
      DistanceProblem.all.filter { $0.name == "biases" }.map { problem in
        var problem = problem
        (problem.rule.momentum, problem.rule.curvatureDecay) = (momentum, decay)
        return DerivativeProblem(rule: problem.rule, reference: problem.reference)
      }
    }

  /// What the last step was, and what it would have been.
  struct Result {
    var derivative: [Double]
    /// Δw of the program, with the last gradient as it is.
    var step: [Double]
    /// Δw of the plain loops, with the last gradient as it is and changed, all else frozen.
    var expectedStep: [Double]
    var changedStep: [Double]
    /// The change of Ẇ, a sum over samples.
    var change: [Double]
    /// Parameters that no step moves.
    var untrained: [Int]
  }

  func result(in precision: Precision) throws -> Result {
    switch precision {
    case .float32: try result(as: Float.self)
    case .float64: try result(as: Double.self)
    }
  }

  static func layout<S: Real>(as _: S.Type) throws -> ParameterLayout {
    try Network<S>([.dense(inputs: nil, outputs: 5), .batchNorm, .dense(inputs: nil, outputs: 3)], inputs: 4).layout
  }

  /// Sums over the samples for every step, and a change of the last Ẇ that is about as large: all of them numbers that
  /// Float holds exactly.
  func statistics(count: Int) -> (sums: [(wDot: [Double], wDDot: [Double]?)], change: [Double]) {
    var random = SmallRandom(seed: 47)
    func numbers(_ range: ClosedRange<Double>) -> [Double] {
      (0..<count).map { _ in (random.uniform(range) * 1024).rounded() / 1024 }
    }
    let sums = (0..<steps).map { step in
      (wDot: numbers(1...6), wDDot: step % curvatureEvery == 0 ? numbers(1...9) : nil)
    }
    return (sums, numbers(1...3))
  }

  private func result<S: Real>(as _: S.Type) throws -> Result {
    let layout = try Self.layout(as: S.self)
    let (sums, change) = statistics(count: layout.count)
    // From zeros: elsewhere w₀ − w cancels, and the distances with it.
    let (w, p) = (vector(change.map { _ in 0 }, as: S.self), vector(change.map { _ in .nan }, as: S.self))
    let state = OptimizerState<S>(for: rule, layout, keepsCurvature: curvatureEvery > 1)
    var before: [Double] = []
    for sums in sums {
      let slice = StatisticsSlice(
        wDot: vector(sums.wDot, as: S.self), wDDot: sums.wDDot.map { vector($0, as: S.self) })
      before = w.array.map { Double($0) }
      rule.update(
        w, sums: slice, samples: Self.samples, state: state, rate: Self.rate, regularization: regularization,
        layout: layout)
      rule.stepDerivative(
        into: p, sums: slice, samples: Self.samples, state: state, rate: Self.rate, regularization: regularization,
        layout: layout)
    }
    let (expected, changed) = expectedSteps(layout, sums, change)
    return Result(
      derivative: p.array.map { Double($0) }, step: zip(w.array, before).map { Double($0) - $1 },
      expectedStep: expected, changedStep: changed, change: change,
      untrained: layout.blocks.filter { !$0.isTrained }.flatMap { Array($0.range) })
  }

  /// Δw of the last step in plain loops, and with Ẇ changed.
  private func expectedSteps(
    _ layout: ParameterLayout, _ sums: [(wDot: [Double], wDDot: [Double]?)], _ change: [Double]
  ) -> (expected: [Double], changed: [Double]) {
    let blocks = layout.blocks.filter(\.isTrained)
    var isRegularized = change.map { _ in false }
    for block in blocks where block.role == .weight || (block.role == .bias && regularization.includingBiases) {
      for k in block.range { isRegularized[k] = true }
    }
    let samples = Double(Self.samples)
    var (reference, w) = (reference, change.map { _ in 0.0 })
    var steps: (expected: [Double], changed: [Double]) = ([], [])
    for sums in sums {
      let gradient = w.indices.map { k in
        let sign: Double = w[k] > 0 ? 1 : (w[k] < 0 ? -1 : 0)
        return sums.wDot[k] / samples
          + (isRegularized[k] ? regularization.l2 * w[k] + regularization.l1 * sign : 0)
      }
      let next = reference.step(
        w, gradient: gradient, curvature: sums.wDDot?.map { $0 / samples },
        hessian: isRegularized.map { $0 ? regularization.l2 : 0 }, rate: Self.rate, blocks: blocks.map(\.range))
      let changed = zip(gradient, change).map { $0 + $1 / samples }
      steps = (reference.frozenStep(gradient: gradient), reference.frozenStep(gradient: changed))
      // The plain loops of some rules move every parameter.
      for block in blocks { for k in block.range { w[k] = next[k] } }
    }
    return steps
  }
}
