import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// What lengths that are found promise: no unit of the loss, no step back, no distance beyond the minimum.
@Suite struct DistancePropertyTests {
  private static let rule = ResidualPartitioning(
    momentum: 0.9, curvatureDecay: 0.99, curvaturePower: .half, layerScale: .adaptive, findsLength: true)

  private func layout<S: Real>(as _: S.Type) throws -> ParameterLayout {
    try Network<S>([.dense(inputs: nil, outputs: 5), .activation(.tanh), .dense(inputs: nil, outputs: 3)], inputs: 4)
      .layout
  }

  /// Steps on ½ Σ a (w − w*)², whose Ẅ is a; the state and the parameters are given to `look` after each.
  private func descend<S: Real>(
    from start: [Double], to minimum: [Double], curvatures a: [Double], steps: Int, rule: ResidualPartitioning = rule,
    gradientUnit: Double = 1, curvatureUnit: Double = 1, regularization: Regularization = Regularization(),
    as _: S.Type, look: (OptimizerState<S>, Vector<S>) throws -> Void
  ) throws {
    let layout = try layout(as: S.self)
    let state = OptimizerState<S>(for: rule, layout)
    let w = vector(start, as: S.self)
    let wDDot = vector(a.map { $0 * curvatureUnit }, as: S.self)
    for _ in 0..<steps {
      let wDot = w.array.indices.map { S(a[$0]) * (w[$0] - S(minimum[$0])) * S(gradientUnit) }
      rule.update(
        w, sums: StatisticsSlice(wDot: vector(wDot.map { Double($0) }, as: S.self), wDDot: wDDot), samples: 1,
        state: state, rate: 1, regularization: regularization, layout: layout)
      try look(state, w)
    }
  }

  /// A start, directions to a minimum whose greatest element is 1, and curvatures.
  private func problem(seed: UInt64 = 61) throws -> (start: [Double], direction: [Double], curvatures: [Double]) {
    var random = SmallRandom(seed: seed)
    let count = try layout(as: Double.self).count
    var direction = (0..<count).map { _ in random.uniform(-1...1) }
    direction[3] = -1
    return (
      (0..<count).map { _ in random.uniform(-1...1) }, direction, (0..<count).map { _ in random.uniform(0.25...4) }
    )
  }

  private func trajectory<S: Real>(
    gradientUnit: Double, curvatureUnit: Double, power: CurvaturePower, l2: Double = 0, as type: S.Type
  ) throws -> [[S]] {
    let (start, direction, a) = try problem()
    var rule = Self.rule
    rule.curvaturePower = power
    var rows: [[S]] = []
    try descend(
      from: start, to: zip(start, direction).map { $0 + $1 }, curvatures: a, steps: 60, rule: rule,
      gradientUnit: gradientUnit, curvatureUnit: curvatureUnit, regularization: Regularization(l2: l2), as: type
    ) { _, w in rows.append(w.array) }
    return rows
  }

  @Test(arguments: [(0x1p60, 0x1p-40), (0x1p-60, 0x1p40), (0x1p-100, 1), (1, 0x1p60)], CurvaturePower.allCases)
  func `the units of Ẇ and Ẅ change no bit of an adaptive step`(units: (Double, Double), power: CurvaturePower) throws {
    func check<S: Real>(_ type: S.Type) throws {
      let plain = try trajectory(gradientUnit: 1, curvatureUnit: 1, power: power, as: type)
      #expect(try trajectory(gradientUnit: units.0, curvatureUnit: units.1, power: power, as: type) == plain)
      #expect(plain.count == 60 && plain[59] != plain[0])
      // A regulariser has a unit: that of the loss.
      let regularized = try trajectory(gradientUnit: 1, curvatureUnit: 1, power: power, l2: 0.5, as: type)
      let other = try trajectory(gradientUnit: units.0, curvatureUnit: units.1, power: power, l2: 0.5, as: type)
      #expect(other != regularized)
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test(arguments: [0.01, 1, 100], 1...3 as ClosedRange<UInt64>)
  func `no distance exceeds that to the minimum of a convex loss, and that of all comes near it`(
    distance: Double, seed: UInt64
  ) throws {
    let (start, direction, a) = try problem(seed: seed)
    let minimum = zip(start, direction).map { $0 + distance * $1 }
    let blocks = try layout(as: Double.self).blocks
    // w₀ − w has the rounding of w: a few ulp of 1 where the distance is 1e-6.
    let limits = blocks.map { block in block.range.map { distance * direction[$0].magnitude }.max().map { $0 * 1.0001 }
    }
    var (last, all) = (Array(repeating: 1e-6, count: blocks.count), 1e-6)
    var losses: [Double] = []
    try descend(from: start, to: minimum, curvatures: a, steps: 300, as: Double.self) { state, w in
      let estimate = try #require(state.distance)
      if losses.isEmpty { #expect(estimate.distances == last && estimate.distance == all) }
      for b in blocks.indices {
        #expect(estimate.distances[b] >= last[b])
        #expect(estimate.distances[b] <= (try #require(limits[b])))
      }
      #expect(estimate.distance >= all && estimate.distance <= distance * 1.0001)
      (last, all) = (estimate.distances, estimate.distance)
      losses.append(a.indices.reduce(0) { $0 + a[$1] / 2 * (w[$1] - minimum[$1]) * (w[$1] - minimum[$1]) })
    }
    #expect(all > distance / 8)
    #expect(losses[299] < losses[0] / 1e6)
  }

  @Test func `a copy of the state goes on with the same bits`() throws {
    let (start, direction, a) = try problem()
    let layout = try layout(as: Float.self)
    let rule = Self.rule
    func step(_ w: Vector<Float>, _ state: OptimizerState<Float>) {
      let wDot = w.array.indices.map { a[$0] * (Double(w[$0]) - start[$0] - direction[$0]) }
      rule.update(
        w, sums: StatisticsSlice(wDot: vector(wDot, as: Float.self), wDDot: vector(a, as: Float.self)), samples: 1,
        state: state, rate: 1, regularization: Regularization(l2: 0.01), layout: layout)
    }
    let (w, state) = (vector(start, as: Float.self), OptimizerState<Float>(for: rule, layout))
    for _ in 0..<30 { step(w, state) }

    let (copy, restored) = (vector(start, as: Float.self), OptimizerState<Float>(for: rule, layout))
    let (from, to) = (try #require(state.distance), try #require(restored.distance))
    #expect(from.distance > 1e-3 && from.updates == 30)
    copy.copy(from: w)
    for (to, from) in [(restored.first, state.first), (restored.second, state.second)] {
      try #require(to).all.copy(from: try #require(from).all)
    }
    (restored.firstUpdates, restored.secondUpdates) = (state.firstUpdates, state.secondUpdates)
    to.origin.all.copy(from: from.origin.all)
    to.sums.all.copy(from: from.sums.all)
    (to.updates, to.products, to.distances, to.distance) = (from.updates, from.products, from.distances, from.distance)
    restored.blockSquares = state.blockSquares
    let before = w.array
    for _ in 0..<30 {
      step(w, state)
      step(copy, restored)
    }
    #expect(copy.array == w.array && w.array.allSatisfy(\.isFinite) && w.array != before)
  }

  @Test func `a block without gradients stays and holds up no other`() throws {
    let (start, all, a) = try problem()
    var direction = all
    let blocks = try layout(as: Float.self).blocks
    let (still, moving) = (blocks[1].range, blocks[0].range)
    for k in still { direction[k] = 0 }
    let minimum = zip(start, direction).map { $0 + $1 }
    try descend(from: start, to: minimum, curvatures: a, steps: 60, as: Float.self) { state, w in
      #expect(still.allSatisfy { w[$0] == Float(start[$0]) })
      if state.firstUpdates == 60 {
        #expect(moving.allSatisfy { (w[$0] - Float(start[$0])).magnitude > 1e-4 })
        #expect(state.distance?.distances[1] == 1e-6)
      }
    }
  }

  @Test func `gradients too small for the sums leave the distances where they are`() throws {
    let (start, direction, a) = try problem()
    let zeros = start.map { _ in 0.0 }
    try descend(from: zeros, to: direction, curvatures: a, steps: 5, gradientUnit: 1e-44, as: Float.self) { state, w in
      let estimate = try #require(state.distance)
      #expect(w.array.allSatisfy(\.isFinite) && w.array.contains { $0 != 0 })
      #expect(estimate.distance == 1e-6 && estimate.distances.allSatisfy { $0 == 1e-6 })
    }
  }
}
