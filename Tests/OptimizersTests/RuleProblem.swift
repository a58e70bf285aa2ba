import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// A rule here and in plain loops, and six steps of random statistics for both.
struct RuleProblem: CustomTestStringConvertible {
  static let rate = 0.25
  static let samples = 3

  let rule: any Optimizer
  let reference: ReferenceOptimizer.Rule

  var testDescription: String { "\(reference)" }

  /// Every rule with its options.
  static let all: [RuleProblem] =
    [
      RuleProblem(rule: SGD(), reference: .sgd),
      RuleProblem(rule: Momentum(decay: 0.9), reference: .momentum(0.9)),
      RuleProblem(
        rule: RMSprop(decay: 0.9, epsilon: 0.01), reference: .rmsprop(0.9, epsilon: 0.01)),
      RuleProblem(
        rule: Adam(momentum: 0.8, decay: 0.95, epsilon: 0.01), reference: .adam(0.8, 0.95, epsilon: 0.01)),
    ]
    + [(0, 0), (0.8, 0), (0, 0.95), (0.8, 0.95)].flatMap { momentum, decay in
      [LayerScale.none, .unit].map { scale in
        RuleProblem(
          rule: ResidualPartitioning(momentum: momentum, curvatureDecay: decay, damping: 0.125, layerScale: scale),
          reference: .residualPartitioning(momentum, decay, damping: 0.125, isUnit: scale == .unit))
      }
    }

  /// Both trajectories, with the random numbers that `seed` gives: the same for every rule.
  func trajectories(
    count: Int, regularization: Regularization, in precision: Precision, seed: UInt64 = 41
  ) throws -> (found: [[Double]], expected: [[Double]]) {
    var random = SmallRandom(seed: seed)
    // Numbers that Float holds exactly; |Ẅ| is not small, so that steps do not enlarge errors.
    func numbers(_ range: ClosedRange<Double>) -> [Double] {
      (0..<count).map { _ in (random.uniform(range) * 1024).rounded() / 1024 }
    }
    let start = numbers(-2...2)
    let sums = (0..<6).map { _ in (wDot: numbers(-6...6), wDDot: Optional(numbers(1...9))) }
    let found = try SeveralSteps(
      rule: rule, rate: Self.rate, parameters: start, sums: sums, samples: Self.samples, regularization: regularization
    ).trajectory(in: precision)

    var (optimizer, w) = (ReferenceOptimizer(reference), start)
    let isRegularized = { regularization.includingBiases || $0 < count - 1 }
    let expected = sums.map { sums in
      let gradient = w.indices.map { k in
        let sign: Double = w[k] > 0 ? 1 : (w[k] < 0 ? -1 : 0)
        return sums.wDot[k] / Double(Self.samples)
          + (isRegularized(k) ? regularization.l2 * w[k] + regularization.l1 * sign : 0)
      }
      w = optimizer.step(
        w, gradient: gradient, curvature: sums.wDDot?.map { $0 / Double(Self.samples) },
        hessian: w.indices.map { isRegularized($0) ? regularization.l2 : 0 }, rate: Self.rate,
        blocks: [0..<count - 1, count - 1..<count])
      return w
    }
    return (found, expected)
  }
}
