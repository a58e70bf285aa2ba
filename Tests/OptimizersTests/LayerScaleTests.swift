import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M16) Unit layer steps: every weight matrix and every bias vector moves by λ in root mean square.
@Suite struct LayerScaleTests {
  private func layout<S: Real>(_: S.Type) throws -> ParameterLayout {
    try Network<S>([.dense(inputs: nil, outputs: 5), .activation(.relu), .dense(inputs: nil, outputs: 3)], inputs: 4)
      .layout
  }

  /// Δw of some steps with statistics whose size differs by block from 1e-6 to 1e6, the state after them, and the blocks.
  private func steps<S: Real>(
    _ rule: ResidualPartitioning, rate: Double, count: Int = 3, as _: S.Type
  ) throws -> (steps: [[Double]], state: OptimizerState<S>, blocks: [ParameterLayout.Block]) {
    let layout = try layout(S.self)
    let state = OptimizerState<S>(for: rule, layout)
    var random = SmallRandom(seed: 51)
    let steps = (0..<count).map { _ in
      // From zero, so that w after a step is the step.
      let w = Arena<S>(count: layout.count).all
      let scales = [1e-6, 1, 1e6, 1e3]
      let wDot = layout.blocks.enumerated().flatMap { random.step(count: $1.range.count, scale: scales[$0]) }
      let wDDot = (0..<layout.count).map { _ in random.uniform(0.5...4) }
      rule.update(
        w, sums: StatisticsSlice(wDot: vector(wDot, as: S.self), wDDot: vector(wDDot, as: S.self)), samples: 1,
        state: state, rate: rate, regularization: Regularization(), layout: layout)
      return w.array.map { Double($0) }
    }
    return (steps, state, layout.blocks)
  }

  private func rms(_ values: ArraySlice<Double>) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }

  @Test(arguments: [0, 0.9], [1e-3, 2])
  func `the root mean square of every block's step is λ`(momentum: Double, rate: Double) throws {
    var rule = ResidualPartitioning(momentum: momentum, layerScale: .unit)
    let unit = try steps(rule, rate: rate, as: Double.self)
    rule.layerScale = .none
    let plain = try steps(rule, rate: rate, as: Double.self)
    #expect(unit.blocks.count == 4)
    for (step, other) in zip(unit.steps, plain.steps) {
      for block in unit.blocks {
        let length = rms(other[block.range])
        // 1e-12 in the denominator shortens a step of that length; sums and quotients round some ten times.
        let tolerance = 1e-12 / length + 32 * Double.ulpOfOne
        #expect((rms(step[block.range]) / rate - 1).magnitude <= tolerance)
        #expect((length / rate - 1).magnitude > tolerance)
        // The direction stays.
        for k in block.range { #expect((step[k] - other[k] * rate / length).magnitude <= rate * 4 * tolerance) }
      }
    }
  }

  @Test func `the two passes of a unit step take up the statistics once`() throws {
    var rule = ResidualPartitioning(momentum: 0.9, curvatureDecay: 0.99, layerScale: .unit)
    let unit = try steps(rule, rate: 0.5, as: Float.self).state
    rule.layerScale = .none
    let plain = try steps(rule, rate: 0.5, as: Float.self).state
    #expect(unit.first?.all.array == plain.first?.all.array && unit.second?.all.array == plain.second?.all.array)
    #expect(unit.first != nil && unit.second != nil)
    #expect(unit.firstUpdates == 3 && unit.secondUpdates == 3)
  }

  @Test(arguments: Precision.allCases)
  func `a block without a step stays, and a step of 1e-12 is half as long`(precision: Precision) throws {
    func moved(_ gradients: [Double]) throws -> [Double] {
      try SeveralSteps(
        rule: ResidualPartitioning(layerScale: .unit), rate: 1, parameters: [0, 0, 0],
        sums: [(gradients, [1, 1, 1])]
      ).trajectory(in: precision)[0]
    }
    let bias = -3 / (3 + 1e-12)
    let alone = try moved([0, 0, 3])
    #expect(isClose(alone, [0, 0, bias], in: precision) && alone[0] == 0 && alone[1] == 0)
    #expect(isClose(try moved([1e-12, -1e-12, 3]), [-0.5, 0.5, bias], in: precision))
  }

  @Test func `squares that Float cannot hold are summed in Double`() throws {
    // 1e30² is infinite in Float, 1e-30² is 0.
    for size in [1e30, 1e-7] {
      let found = try SeveralSteps(
        rule: ResidualPartitioning(layerScale: .unit), rate: 1, parameters: [0, 0, 0],
        sums: [([size, -size, 0], [1, 1, 1])]
      ).trajectory(in: .float32)[0]
      #expect((found[0] + 1).magnitude < 2e-5 && found[1] == -found[0])
    }
    // Added one by one in Float, 2²⁴ + 10⁶ squares of 1 would stop at 2²⁴.
    let count = 20_000_001
    let ones = Arena<Float>(count: count).all
    ones.fill(1)
    let w = Arena<Float>(count: count).all
    let rule = ResidualPartitioning(layerScale: .unit)
    let layout = try oneOutput(count, as: Float.self)
    rule.update(
      w, sums: StatisticsSlice(wDot: ones, wDDot: ones), samples: 1, state: OptimizerState(for: rule, layout),
      rate: 1, regularization: Regularization(), layout: layout)
    #expect(w[0] == -1 && w[count - 2] == -1)
  }

  @Test func `not-a-number in one block reaches all of its parameters and no others`() throws {
    let found = try SeveralSteps(
      rule: ResidualPartitioning(layerScale: .unit), rate: 1, parameters: [0, 0, 0],
      sums: [([.nan, 1, 3], [1, 1, 1])]
    ).trajectory(in: .float64)[0]
    #expect(found[0].isNaN && found[1].isNaN && found[2].magnitude < 1.1)
  }
}
