import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// What the step of (M11) is for: the minimum of Ẇ Δw + Ẅ Δw²/2λ + R(w + Δw), weight by weight.
@Suite struct StepMinimumTests {
  @Test(arguments: [0.3, 1, 30], [0, 0.01, 2])
  func `the step minimises the scaled bound plus l2`(learningRate: Double, l2: Double) throws {
    var random = SmallRandom(seed: 12)
    for _ in 0..<50 {
      let model = Quadratic(
        wDot: random.normal(), wDDot: random.uniform(0.01...4), weight: 2 * random.normal(),
        learningRate: learningRate, l2: l2)
      let found = try model.step()
      // A scan on both sides, from the step's own size down to 1e-6 of it, finds nothing lower.
      let size = max(found.magnitude, 1e-3)
      for k in 0..<200 {
        let distance = size * max(1e-6, 1 - Double(k) / 199)
        for other in [found - distance, found + distance] { #expect(model.value(other) > model.value(found)) }
      }
      // The slope is zero up to the rounding of its terms.
      #expect(model.slope(found).magnitude <= 1e-14 * (1 + model.slopeMagnitude(found)))
    }
  }

  @Test func `a step that is 1 % too long or too short would be seen`() throws {
    let model = Quadratic(wDot: 1, wDDot: 2, weight: -0.5, learningRate: 3, l2: 0.25)
    let found = try model.step()
    for wrong in [0.99 * found, 1.01 * found] {
      #expect(model.value(wrong) > model.value(found))
      #expect(model.slope(wrong).magnitude > 1e-14 * (1 + model.slopeMagnitude(wrong)))
    }
    // The regulariser's curvature divided by λ, too, is another minimum.
    let unscaled = -3 * (1 + 0.25 * -0.5) / (2 + 0.25)
    #expect(model.value(unscaled) > model.value(found))
  }

  @Test(arguments: Precision.allCases)
  func `the step agrees with the closed form for random statistics`(precision: Precision) throws {
    var random = SmallRandom(seed: 13)
    for _ in 0..<100 {
      let count = random.integer(2...20)
      // Numbers that Float holds exactly.
      func numbers(_ range: ClosedRange<Double>) -> [Double] {
        (0..<count).map { _ in (random.uniform(range) * 1024).rounded() / 1024 }
      }
      let (w, wDot, wDDot) = (numbers(-2...2), numbers(-8...8), numbers(0.5...16))
      let (rate, l2, damping) = (random.uniform(0.1...10), random.uniform(0...1), random.uniform(0...1))
      let step = OneStep(
        parameters: w, wDot: wDot, wDDot: wDDot, samples: 8, learningRate: rate, damping: damping,
        regularization: Regularization(l2: l2))
      let expected = (0..<count).map { k in
        w[k] - rate * (wDot[k] / 8 + l2 * w[k]) / (wDDot[k] / 8 + rate * l2 + damping)
      }
      // A step is up to a hundred times as large as the weight that it is added to.
      let size = max(1, expected.map { $0.magnitude }.max() ?? 0)
      #expect(
        isClose(try step.result(in: precision).map { $0 / size }, expected.map { $0 / size }, in: precision))
    }
  }

  @Test(arguments: [0.5, 1, 2])
  func `on linear regression the loss falls at least as far as the bound promises`(learningRate: Double) throws {
    // J is its own Taylor model, and one affine layer has no products: J(w + Δw) ≤ J + Ẇ Δw + ½ Ẅ Δw².
    var random = SmallRandom(seed: 14)
    let (inputs, targets) = (
      (0..<12).map { _ in random.step(count: 4, scale: 1) }, (0..<12).map { _ in random.step(count: 3, scale: 2) }
    )
    let network = try Network<Double>([.dense(inputs: 4, outputs: 3)], inputs: 4)
    network.reserve(samples: 12)
    let (x, t) = (Matrix<Double>(rows: 12, columns: 4), Matrix<Double>(rows: 12, columns: 3))
    x.elements.copy(from: Array(inputs.joined()))
    t.elements.copy(from: Array(targets.joined()))
    let w = network.initialParameters(.uniform, seed: 1).all
    let (wDot, wDDot) = (Arena<Double>(count: w.count).all, Arena<Double>(count: w.count).all)
    let rule = ResidualPartitioning()
    let state = OptimizerState<Double>(for: rule, network.layout)
    var (previous, promised, first) = (Double.infinity, 0.0, 0.0)
    for step in 0..<200 {
      _ = network.forward(x, parameters: w)
      let loss =
        network.addStatistics(
          inputs: x, targets: t, parameters: w, loss: .squaredError, partition: .automatic, bound: .full,
          into: StatisticsSlice(wDot: wDot, wDDot: wDDot)) / 12
      if step == 0 { first = loss }
      #expect(loss <= previous - promised + 1e-12 * first, "step \(step)")
      // At Δw = −λ Ẇ/Ẅ the bound is λ (1 − λ/2) Σ Ẇ²/Ẅ below J.
      let decrease = zip(wDot.array, wDDot.array).reduce(0) { $0 + $1.0 * $1.0 / $1.1 } / 12
      promised = learningRate * (1 - learningRate / 2) * decrease
      previous = loss
      rule.update(
        w, sums: StatisticsSlice(wDot: wDot, wDDot: wDDot), samples: 12, state: state, rate: learningRate,
        regularization: Regularization(), layout: network.layout)
    }
    #expect(previous < 0.9 * first)
  }
}

/// Ẇ Δw + Ẅ Δw²/2λ + ½ ρ (w + Δw)² of one weight.
private struct Quadratic {
  var wDot: Double
  var wDDot: Double
  var weight: Double
  var learningRate: Double
  var l2: Double

  func value(_ step: Double) -> Double {
    wDot * step + wDDot * step * step / (2 * learningRate) + l2 / 2 * (weight + step) * (weight + step)
  }

  func slope(_ step: Double) -> Double { wDot + wDDot * step / learningRate + l2 * (weight + step) }

  func slopeMagnitude(_ step: Double) -> Double {
    wDot.magnitude + (wDDot * step / learningRate).magnitude + l2 * (weight.magnitude + step.magnitude)
  }

  /// What the product does to the weight.
  func step() throws -> Double {
    try OneStep(
      parameters: [weight, 0], wDot: [wDot, 0], wDDot: [wDDot, 1], learningRate: learningRate,
      regularization: Regularization(l2: l2)
    ).step()[0]
  }
}
