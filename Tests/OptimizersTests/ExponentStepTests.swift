import Foundation
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M32) Steps with Ẅ̃ and an exponent: the same as with Ẅ, whatever the exponents are.
@Suite struct ExponentStepTests {
  /// Rules that use Ẅ in every way.
  private static let rules: [(rule: ResidualPartitioning, rate: Double)] = [0, 0.9].flatMap { momentum in
    [0, 0.5, 0.99].flatMap { decay in
      [CurvaturePower.one, .half].flatMap { power in
        LayerScale.allCases.flatMap { scale in
          [0, 0.125].flatMap { damping in
            (scale == .none ? [false] : [false, true]).map { finds in
              (
                ResidualPartitioning(
                  momentum: momentum, curvatureDecay: decay, damping: damping, curvaturePower: power, layerScale: scale,
                  findsLength: finds), finds ? 1 : 0.25
              )
            }
          }
        }
      }
    }
  }

  /// The parameters after some steps of a network of two dense layers and one of batch normalisation.
  ///
  /// - Parameters:
  ///   - exponents: b of a block in a step.
  ///   - isScaled: whether the sums are 2^-b Ẅ, with b beside them; otherwise they are Ẅ.
  private func train<S: Real>(
    _ rule: ResidualPartitioning, rate: Double, l2: Double = 0, steps: Int = 12, every: Int = 1, shift: Int = 0,
    isScaled: Bool, exponents: (_ step: Int, _ block: Int) -> Int, as _: S.Type
  ) throws -> [S] {
    let layout = try Network<S>([.dense(outputs: 5), .batchNorm, .dense(outputs: 3)], inputs: 4).layout
    let w = Arena<S>(count: layout.count).all
    let state = OptimizerState<S>(for: rule, layout, keepsCurvature: every > 1)
    var random = SmallRandom(seed: 4)
    for k in 0..<w.count { w[k] = S(random.uniform(-1...1)) }
    for step in 0..<steps {
      let (wDot, wDDot) = (Arena<S>(count: layout.count).all, Arena<S>(count: layout.count).all)
      for k in 0..<w.count {
        wDot[k] = S(random.uniform(-1...1))
        wDDot[k] = S(random.uniform(0.01...4))
      }
      var chosen: [Int] = []
      for (index, block) in layout.blocks.enumerated() {
        chosen.append(exponents(step, index) + shift)
        if isScaled { wDDot[block.range].scale(byPowerOfTwo: shift - chosen[index]) }
      }
      let slice = StatisticsSlice(
        wDot: wDot, wDDot: step.isMultiple(of: every) ? wDDot : nil, exponents: isScaled ? chosen : [])
      rule.update(
        w, sums: slice, samples: 2, state: state, rate: rate, regularization: Regularization(l2: l2), layout: layout)
    }
    return w.array
  }

  private static func uneven(_ step: Int, _ block: Int) -> Int {
    [0, 24, -10, 6, -30, 18, 2][(5 * step + 3 * block) % 7]
  }

  @Test func `a step with exponents has the bits of the step without them`() throws {
    for (rule, rate) in Self.rules {
      for l2 in [0, 0.25] {
        for every in [1, 3] {
          func trained(_ isScaled: Bool) throws -> [Double] {
            try train(
              rule, rate: rate, l2: l2, every: every, isScaled: isScaled, exponents: Self.uneven, as: Double.self)
          }
          let (with, without) = (try trained(true), try trained(false))
          #expect(without.allSatisfy { $0.isFinite })
          if rule.layerScale == .unit {
            // The 1e-12 beside the root mean square of a step is relative to positive exponents.
            #expect(zip(with, without).allSatisfy { ($0 - $1).magnitude <= 1e-9 }, "\(rule)")
          } else {
            #expect(with == without, "\(rule), l2 \(l2), every \(every)")
          }
        }
      }
    }
  }

  @Test func `exponents that are wrong would be seen`() throws {
    for (rule, rate) in Self.rules where rule.layerScale == .none {
      let right = try train(rule, rate: rate, isScaled: true, exponents: Self.uneven, as: Double.self)
      let wrong = try train(
        rule, rate: rate, isScaled: true, exponents: { Self.uneven($0, $1) + ($0 == 3 ? 2 : 0) }, as: Double.self)
      #expect(right == (try train(rule, rate: rate, isScaled: false, exponents: Self.uneven, as: Double.self)))
      // The scaling of the sums and the exponent agree: that changes nothing.
      #expect(right == wrong)
      let shifted = try train(rule, rate: rate, shift: 2, isScaled: true, exponents: Self.uneven, as: Double.self)
      #expect(right != shifted)
    }
  }

  /// Where a scale takes every factor out of a step, the curvature of a layer may be as large or small as it likes.
  @Test(arguments: [600, 90, -90, -600]) func `a scaled step does not see a common exponent`(shift: Int) throws {
    for (rule, rate) in Self.rules where rule.layerScale != .none && rule.damping == 0 {
      let plain = try train(rule, rate: rate, isScaled: true, exponents: { _, _ in 0 }, as: Float.self)
      let shifted = try train(rule, rate: rate, shift: shift, isScaled: true, exponents: { _, _ in 0 }, as: Float.self)
      #expect(plain == shifted, "\(rule)")
    }
  }

  @Test(arguments: [400, 90, -90, -400]) func `no step is lost between numbers beyond the range`(shift: Int) throws {
    for (rule, rate) in Self.rules {
      for l2 in [0, 0.25] {
        func trained<S: Real>(as _: S.Type) throws -> [Double] {
          try train(
            rule, rate: rate, l2: l2, steps: 3, shift: shift, isScaled: true, exponents: { _, _ in 0 }, as: S.self
          )
          .map { Double($0) }
        }
        let (single, double) = (try trained(as: Float.self), try trained(as: Double.self))
        // Without anything beside a Ẅ that is nearly 0, the step (M11) is too long for Float.
        guard double.allSatisfy({ $0.magnitude < 1e30 }) else { continue }
        #expect(zip(single, double).allSatisfy { ($0 - $1).magnitude <= 1e-4 * max(1, $1.magnitude) }, "\(rule), \(l2)")
      }
    }
  }

  /// Float against Double, where both divide by the sums and by their exponent.
  @Test(arguments: [0, 40, 90, -20, -90, -400]) func `a step in the product kernel knows the exponent`(exponent: Int) {
    for base in [0, 0.125] {
      func moved<S: Real>(as _: S.Type) -> Double {
        let step = WeightStep<S>(rate: 0.5, perSample: 0.25, l2: 0, l1: 0, base: S(base)).dividing(
          byPowerOfTwo: exponent)
        // As the kernel computes it.
        let (wDot, wDDot) = (S(0x1p-20), S(3))
        return Double(step.rate * (wDot * step.perSample) / (wDDot * step.perSample + step.base))
      }
      let curvature = scalbn(0.75, exponent)
      let exact = 0.5 * 0x1p-22 / (curvature + base)
      for found in [moved(as: Float.self), moved(as: Double.self)] where exact < 1e38 {
        #expect((found - exact).magnitude <= 1e-6 * exact)
      }
    }
  }

  /// Two refreshes and their steps by unit.
  private func trainByUnit<S: Real>(
    _ scale: LayerScale, power: CurvaturePower, decay: Double, isScaled: Bool, shift: Int = 0, as _: S.Type
  ) throws -> [S] {
    let network = try Network<S>([.dense(outputs: 6), .dense(outputs: 3)], inputs: 4)
    var rule = ResidualPartitioning(momentum: 0.9, curvatureDecay: decay, curvaturePower: power, layerScale: scale)
    rule.partition = .unit
    let state = OptimizerState<S>(for: rule, network.layout, unitLayers: network.unitLayers)
    let units = try #require(state.units)
    let w = Arena<S>(count: network.layout.count).all
    var random = SmallRandom(seed: 9)
    for step in 0..<8 {
      let sums = Arena<S>(count: network.unitSumsCount).all
      func exponent(_ layer: UnitLayer) -> Int { Self.uneven(step, layer.outputs) + shift }
      for layer in network.unitLayers {
        for k in layer.curvature { sums[k] = S(random.uniform(0.1...2)) }
        // A diagonal and something beside it.
        for k in layer.moment { sums[k] = S(random.uniform(0...0.1)) }
        // Of so few inputs one triangle.
        for row in 0..<layer.width { sums[layer.moment.lowerBound + row * (row + 3) / 2] += 1 }
        guard isScaled else { continue }
        sums[layer.curvature].scale(byPowerOfTwo: shift - exponent(layer))
        sums[layer.moment].scale(byPowerOfTwo: shift - exponent(layer))
      }
      try units.takeUp(
        sums, samples: 2, exponent: isScaled ? exponent : { _ in 0 }, decay: decay, power: power, over: SingleRank())
      let wDot = Arena<S>(count: w.count).all
      for k in 0..<w.count { wDot[k] = S(random.uniform(-1...1)) }
      rule.update(
        w, sums: StatisticsSlice(wDot: wDot, wDDot: nil), samples: 2, state: state, rate: 0.25,
        regularization: Regularization(), layout: network.layout)
    }
    return w.array
  }

  @Test(arguments: [LayerScale.none, .unit], [CurvaturePower.one, .half])
  func `by unit too`(scale: LayerScale, power: CurvaturePower) throws {
    for decay in [0, 0.9] {
      func trained(_ isScaled: Bool, shift: Int = 0) throws -> [Double] {
        try trainByUnit(scale, power: power, decay: decay, isScaled: isScaled, shift: shift, as: Double.self)
      }
      let plain = try trained(false)
      #expect(plain.allSatisfy { $0.isFinite } && plain.contains { $0 != 0 })
      #expect(try trained(true) == plain)
      let shifted = try trained(true, shift: 2)
      #expect(scale == .none ? shifted != plain : shifted == plain)
      let far = try trainByUnit(scale, power: power, decay: decay, isScaled: true, shift: 500, as: Float.self)
      #expect(far.allSatisfy { $0.isFinite })
    }
  }
}
