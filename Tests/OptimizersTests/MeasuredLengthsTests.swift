import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M34) Lengths that are measured: where they start, and what tests do to them.
struct MeasuredLengthsTests {
  private let rule = {
    var rule = ResidualPartitioning(momentum: 0.9, curvatureDecay: 0.9, curvaturePower: .half, layerScale: .unit)
    rule.lengths = .measured
    return rule.moving(at: nil)
  }()

  /// One step from constant parameters with given gradients.
  private func state(
    w: [Double], gradients: [[Double]], run: RunLength = RunLength(steps: 1250, batch: 100)
  ) throws -> (state: OptimizerState<Double>, layout: ParameterLayout, moves: [[Double]]) {
    let layout = try Network<Double>([.dense(inputs: nil, outputs: 2)], inputs: 2).layout
    let state = OptimizerState<Double>(for: rule, layout, run: run)
    let parameters = vector(w, as: Double.self)
    let moves = gradients.map { gradient in
      let before = parameters.array
      rule.update(
        parameters,
        sums: StatisticsSlice(
          wDot: vector(gradient, as: Double.self), wDDot: vector(Array(repeating: 1, count: 6), as: Double.self)),
        samples: 1, state: state, rate: 1, regularization: Regularization(), layout: layout)
      return zip(parameters.array, before).map { $0 - $1 }
    }
    return (state, layout, moves)
  }

  private func rms(_ x: some Collection<Double>) -> Double {
    (x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot()
  }

  // In turn √(12.5 B/T), its lower limit, and both parts of its upper limit.
  @Test(arguments: [
    (RunLength(steps: 1250, batch: 100), 1.0), (RunLength(steps: 625, batch: 200), 2),
    (RunLength(steps: 2500, batch: 100), 0.5.squareRoot()), (RunLength(steps: 100_000, batch: 10), 0.5), (.long, 0.5),
    (RunLength(steps: 1250, batch: 4000), 3), (RunLength(steps: 25, batch: 1000), 5),
  ])
  func `the first step has the length of the parameters' size and of the run`(run: RunLength, longer: Double) throws {
    let (_, layout, moves) = try state(
      w: [0.16, -0.16, 0.16, 0.16, 0, 0], gradients: [[1, 2, -3, 4, 5, 6]], run: run)
    let (weights, biases) = (layout.blocks[0].range, layout.blocks[1].range)
    // Few operations; 0.01 is the least size of parameters that start at 0.
    #expect(abs(rms(moves[0][weights]) / (0.01 * 0.16.squareRoot().squareRoot() * longer) - 1) < 1e-12)
    #expect(abs(rms(moves[0][biases]) / (0.01 * 0.01.squareRoot().squareRoot() * longer) - 1) < 1e-12)
  }

  @Test func `steps that disagree are shorter`() throws {
    let w = [0.16, -0.16, 0.16, 0.16, 0, 0]
    let g = [1.0, 2, -3, 4, 5, 6]
    let same = try state(w: w, gradients: [g, g]).moves[1]
    let opposite = try state(w: w, gradients: [g, g.map { -$0 }]).moves[1]
    // n̂ is g² in both, m̂ is g or (0.09 − 0.1)/0.19 g. Steps of some 1e-3 are differences of numbers near 1.
    #expect(abs(rms(opposite[0..<4]) / rms(same[0..<4]) - (0.01 / 0.19).squareRoot()) < 1e-11)
  }

  private func lengths(steps: Int = 1) throws -> MeasuredLengths<Double> {
    let gradients = Array(repeating: [1.0, 2, -3, 4, 5, 6], count: steps)
    let found = try state(w: [0.16, -0.16, 0.16, 0.16, 0, 0], gradients: gradients).state.lengths
    return try #require(found)
  }

  /// The test of a part of a step along which J is a parabola: p = slope · part, p − a = curvature · part².
  private func test(slope: Double, curvature: Double, part: Double = 1) -> StepTest {
    let p = slope * part
    return StepTest(predicted: p, actual: p - curvature * part * part, schedule: 1, resolution: 1e-9)
  }

  @Test(arguments: [0.2, 0.7, 1.4, 70])
  func `a group's step keeps the part of which curvature takes no more than 0.7`(curvature: Double) throws {
    let lengths = try lengths()
    var verdict = MeasuredLengths<Double>.Verdict.probe(MeasuredLengths<Double>.probe)
    var probes = 0
    while case .probe(let part) = verdict {
      verdict = lengths.takeUp(group: 0, test(slope: 1, curvature: curvature, part: part), probe: part)
      probes += 1
    }
    guard case .keep(let part) = verdict else { return }
    #expect(abs(part - min(1, 0.7 / curvature)) < 1e-12)
    #expect(lengths.cap(ofGroup: 0, schedule: 1) == part && lengths.cap(ofGroup: 1, schedule: 1) == 1)
    // ⅛ and 1/64 of the longest step are too long.
    #expect(probes == (curvature == 70 ? 3 : 1))
  }

  @Test func `a group whose step is lost in rounding, or points uphill, is not lengthened`() throws {
    let lengths = try lengths()
    #expect(
      lengths.takeUp(
        group: 0, StepTest(predicted: 1e-12, actual: -1e-9, schedule: 1, resolution: 1e-9), probe: 0.125) == .keep(1))
    // A probe that is nearly lost is taken again with the whole step.
    let near = StepTest(predicted: 1e-8, actual: 1e-8, schedule: 1, resolution: 1e-9)
    #expect(lengths.takeUp(group: 0, near, probe: 0.125) == .probe(1))
    #expect(lengths.takeUp(group: 1, test(slope: -1, curvature: 1), probe: 1) == .keep(0.5))
    #expect((0..<2).map { lengths.cap(ofGroup: $0, schedule: 1) } == [1, 0.5])
    // Without a slope J rises all the same.
    let rising = StepTest(predicted: 0, actual: -1, schedule: 1, resolution: 1e-9)
    #expect(lengths.takeUp(group: 0, rising, probe: 0.125) == .keep(0.5))
  }

  @Test func `the first step is halved until curvature takes no more than 0.8 of its decrease`() throws {
    let lengths = try lengths()
    var (part, halvings) = (1.0, 0)
    while lengths.takeUp(test(slope: 1, curvature: 5, part: part)) < 1 { (part, halvings) = (part / 2, halvings + 1) }
    #expect(halvings == 3 && lengths.factor == 0.125)
  }

  @Test func `later steps shorten the next ones by a fifth while curvature takes more than 0.8`() throws {
    let lengths = try lengths(steps: 2)
    var factors: [Double] = []
    for curvature in [0.7, 1, 1, 1, 1, 1, 1] {
      #expect(lengths.takeUp(test(slope: 1, curvature: curvature, part: lengths.factor)) == 1)
      factors.append(lengths.factor)
    }
    // The average of the curvature is 0.7 at first, 0.88 with the second test; at a factor of 0.8 it takes at most 0.8.
    #expect(factors.first == 1 && factors.dropFirst().allSatisfy { abs($0 - 0.8) < 1e-12 })
  }

  @Test func `one step that fails, or goes uphill, shortens steps once`() throws {
    for failing in [test(slope: 1, curvature: 1e6), test(slope: -1, curvature: 1e6)] {
      let lengths = try lengths(steps: 2)
      var factors: [Double] = []
      for number in 0..<12 {
        _ = lengths.takeUp(number == 3 ? failing : test(slope: 1, curvature: 0.5, part: lengths.factor))
        factors.append(lengths.factor)
      }
      #expect(factors[2] == 1 && factors[3] == 0.8 && factors[11] == 0.8)
    }
  }

  @Test func `steps uphill that raise the loss are too long`() throws {
    let lengths = try lengths(steps: 2)
    for _ in 0..<10 { _ = lengths.takeUp(test(slope: -1, curvature: 1, part: lengths.factor)) }
    #expect(abs(lengths.factor - 0.8) < 1e-12)
  }

  @Test func `a warm-up does not lengthen a step beyond what a test at its start allows`() throws {
    let lengths = try lengths()
    var short = test(slope: 1, curvature: 35, part: 0.125)
    short.schedule = 0.5
    // Half of the length takes 35 of p at the whole of it: 0.7/35 of half.
    #expect(lengths.takeUp(group: 0, short, probe: 0.125) == .probe(0.015625))
    short = test(slope: 1, curvature: 35, part: 0.015625)
    short.schedule = 0.5
    #expect(lengths.takeUp(group: 0, short, probe: 0.015625) == .keep(0.02))
    #expect(lengths.cap(ofGroup: 0, schedule: 0.5) == 0.02 && lengths.cap(ofGroup: 0, schedule: 1) == 0.01)
  }

  @Test func `a loss that is not a number shortens all steps, forever if it must`() throws {
    let lengths = try lengths()
    let lost = StepTest(predicted: 1, actual: -.infinity, schedule: 1, resolution: 1e-9)
    var count = 0
    while lengths.takeUp(lost) < 1 { count += 1 }
    #expect(count == 60)
  }

  @Test func `groups are all tested in the first ten steps, then one at a time, every fifth step`() throws {
    let lengths = try lengths()
    #expect((0..<10).allSatisfy { lengths.tested(step: $0) == 0..<2 })
    #expect((10..<13).map { lengths.tested(step: $0) } == [0..<1, nil, nil])
    #expect([10, 15, 20, 25].map { lengths.tested(step: $0) } == [0..<1, 1..<2, 0..<1, 1..<2])
  }
}
