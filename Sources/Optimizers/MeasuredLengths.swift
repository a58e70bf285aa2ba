private import Glibc
public import Kernels
internal import Networks

/// How long a training is, which decides how long its steps are at first.
public struct RunLength: Sendable {
  /// The number of steps, T.
  public let steps: Int
  /// The samples of a minibatch, over all ranks, B.
  public let batch: Int

  public init(steps: Int, batch: Int) {
    (self.steps, self.batch) = (steps, batch)
  }

  /// So many steps that their number does not matter.
  public static var long: RunLength { RunLength(steps: .max, batch: 1) }

  /// (M34) c, the part of a step's length that depends on the run.
  ///
  ///     c = √(12.5 B/T), at least ½, at most 25/√T or 3, whichever is more
  ///
  /// The noise of T steps adds up to a path in proportion to λ √(T/B): with c it ends equally far from the start in every
  /// training. Large minibatches and few steps would go too far in one step, hence the upper limit.
  var lengthening: Double {
    let steps = Double(steps)
    return max(0.5, min((12.5 * Double(batch) / steps).squareRoot(), max(3, 25 / steps.squareRoot())))
  }
}

/// (M34) Step lengths from measurements on the steps' own minibatches.
///
/// A group b is a weight matrix or a bias vector, by unit a layer's weights and biases together. Its step has the direction
/// D_b and the length
///
///     Δw = −λ_b √s_b D_b/rms(D_b)         λ_b = φ κ_b ℓ_b × schedule
///     ℓ_b = 0.01 ρ_b^¼ c                  ρ_b = rms(w_b) before the first step, at least 0.01;  c of ``RunLength``
///     s_b = rms(m̂_b)/√n̂_b                 n the average (decay 0.99) of the mean square of g_b = Ẇ_b + ∇R
///
/// s_b is small where the gradients of successive steps disagree. The factors φ and κ_b are 1 until a test finds steps
/// too long. Each of the first 10 steps and every 5th one is tested, with its own minibatch and dropout masks. With p = −g·Δw
/// and the actual decrease a = J(w) − J(w + Δw), R included, (p − a)/p is the part of the predicted decrease that
/// curvature took away: ½ for the step to the minimum along the line, 1 where J is as high as before.
///
///     κ_b: of the step of one group alone, (p − a)/p is to be at most 0.7 at φ = 1. p and p − a, as a slope and a curvature
///          relative to ℓ_b, are averages with decay 0.8, from probes of ⅛ of the step; where that part alone is too long, of
///          ⅛ of it, and so on: far steps of units that saturate look less curved than they are.
///     φ:   of the whole step it is to be at most 0.8, else φ ← 0.8 φ; averages with decay 0.7, of |p|, and of p − a up to twice
///          that. In the first step φ is halved until it is, in every tested step until J is finite.
///
/// A group's step that is found too long is shortened at once; φ holds from the next step on. In the first 10 steps all groups
/// are tested, later one at a time, in turn.
///
/// In-sample ratios bound a length from above and do not choose it. Lengths that follow the measured curvature closely end in
/// regions where it is large (docs/experiments.md).
public final class MeasuredLengths<Scalar: Real> {
  /// The blocks of each group.
  public let groups: [[Int]]
  /// The blocks of all groups.
  public let allBlocks: [Int]
  private let groupOfBlock: [Int?]
  private let run: RunLength

  /// The number of steps begun.
  public private(set) var updates = 0
  /// 0.01 ρ_b^¼.
  private var bases: [Double]
  /// The most that κ_b times the schedule may be.
  private var limits: [Double]
  /// φ.
  public private(set) var factor = 1.0
  /// n_b, not corrected.
  private var meanSquares: [Double]
  /// The averages of p and p − a of every group, relative to ℓ_b, and how often each was tested.
  private var slopes: [Double]
  private var curvatures: [Double]
  private var tests: [Int]
  /// The averages for the whole step, relative to φ = 1.
  private var slope = 0.0
  private var curvature = 0.0

  /// Of the present step: φ κ_b ℓ_b √s_b, with what a test left of it.
  private var lengths: [Double]

  /// - Parameters:
  ///   - together: the blocks that move together; every other block is a group of its own.
  ///   - run: how long the training is.
  init(_ layout: ParameterLayout, together: [[Int]], run: RunLength) {
    let others = layout.blocks.indices.filter { block in
      layout.blocks[block].isTrained && !together.contains { $0.contains(block) }
    }
    groups = together + others.map { [$0] }
    let groups = groups
    allBlocks = groups.flatMap(\.self)
    groupOfBlock = layout.blocks.indices.map { block in groups.firstIndex { $0.contains(block) } }
    self.run = run
    bases = Array(repeating: 0, count: groups.count)
    limits = Array(repeating: .greatestFiniteMagnitude, count: groups.count)
    (meanSquares, slopes, curvatures, lengths) = (bases, bases, bases, bases)
    tests = Array(repeating: 0, count: groups.count)
  }

  /// The length of a block in the present step, without the schedule.
  func stepLength(ofBlock index: Int) -> Double { groupOfBlock[index].map { lengths[$0] } ?? 0 }

  /// κ_b.
  public func cap(ofGroup group: Int, schedule: Double) -> Double { min(1, limits[group] / schedule) }

  /// The greatest length that any block has in the present step.
  public var longestStep: Double { lengths.max() ?? 0 }

  // The constants.
  private static var scale: Double { 0.01 }
  private static var smallestRoot: Double { 0.01 }
  private static var squareDecay: Double { 0.99 }
  private static var firstTests: Int { 10 }
  private static var mostOfOne: Double { 0.7 }
  private static var mostOfAll: Double { 0.8 }
  private static var mostOfOutlier: Double { 2 }
}

extension MeasuredLengths {
  /// Begins a step; the first one takes ρ_b from its parameters.
  ///
  /// - Parameters:
  ///   - measures: their products are Σ g², their magnitudes Σ m² of every block, m not corrected, their sizes Σ w².
  ///   - schedule: its factor of this step.
  func begin(
    _ layout: ParameterLayout, _ measures: StepMeasures, momentum: Double,
    firstUpdates: Int, schedule: Double
  ) {
    if updates == 0 {
      for (group, blocks) in groups.enumerated() {
        let count = blocks.reduce(0) { $0 + layout.blocks[$1].range.count }
        bases[group] = Self.base((blocks.reduce(0) { $0 + measures.sizes[$1] } / Double(max(1, count))).squareRoot())
      }
    }
    updates += 1
    let factor = self.factor * run.lengthening
    let share = momentum == 0 ? 1 : 1 - pow(momentum, Double(firstUpdates))
    for (group, blocks) in groups.enumerated() {
      var (squares, averages, count) = (0.0, 0.0, 0)
      for block in blocks {
        squares += measures.products[block]
        averages += measures.magnitudes[block]
        count += layout.blocks[block].range.count
      }
      let mean = squares / Double(max(1, count))
      meanSquares[group] = Self.squareDecay * meanSquares[group] + (1 - Self.squareDecay) * mean
      let n = meanSquares[group] / (1 - pow(Self.squareDecay, Double(updates)))
      let m = (averages / Double(max(1, count))).squareRoot() / share
      let agreement = n > 0 ? m / n.squareRoot() : 0
      lengths[group] = factor * cap(ofGroup: group, schedule: schedule) * bases[group] * agreement.squareRoot()
    }
  }

  private static func base(_ root: Double) -> Double { scale * pow(max(root, smallestRoot), 0.25) }
}

extension MeasuredLengths {
  /// The groups whose steps are tested alone in a step, counted from 0; nil where the step is not tested.
  public func tested(step: Int) -> Range<Int>? {
    if step < Self.firstTests { return 0..<groups.count }
    guard step.isMultiple(of: TestedLengths.every), !groups.isEmpty else { return nil }
    let group = step / TestedLengths.every % groups.count
    return group..<group + 1
  }

  /// What a test of one group says.
  public enum Verdict: Equatable {
    /// The part of the step to keep, at most 1.
    case keep(Double)
    /// Another part of the step tells more.
    case probe(Double)
  }

  /// The part of a group's step that is tested first.
  public static var probe: Double { 0.125 }

  /// Takes up a test of one group alone.
  ///
  /// - Parameters:
  ///   - test: p and a of a part of the group's step.
  ///   - probe: the part.
  public func takeUp(group: Int, _ test: StepTest, probe: Double) -> Verdict {
    let (p, a) = (test.predicted, test.actual)
    let resolved = 32 * test.resolution
    guard abs(p) > probe * test.resolution else {
      // A whole step that is lost in the rounding of J is not too long; one that raises J without a slope is.
      return .keep(a >= -resolved ? 1 : shorten(group, to: limit(of: group, test) / 2, test))
    }
    if probe == Self.probe, abs(p) <= resolved { return .probe(1) }
    let canBeShorter = probe > Self.shortestProbe && abs(p) * Self.probe > resolved
    if canBeShorter, !a.isFinite || (p > 0 && p - a > Self.mostOfOne * p) { return .probe(probe * Self.probe) }
    let before = limit(of: group, test)
    guard a.isFinite else { return .keep(shorten(group, to: before / 2, test)) }
    let (keep, relative) = (min(0.8, Double(tests[group]) / Double(tests[group] + 1)), factor * before * probe)
    tests[group] += 1
    slopes[group] = keep * slopes[group] + (1 - keep) * p / relative
    curvatures[group] = keep * curvatures[group] + (1 - keep) * (p - a) / (relative * relative)
    guard slopes[group] > 0 else { return .keep(shorten(group, to: before / 2, test)) }
    let isCurved = curvatures[group] > 0
    return .keep(shorten(group, to: isCurved ? Self.mostOfOne * slopes[group] / curvatures[group] : .infinity, test))
  }

  private static var shortestProbe: Double { 0x1p-12 }

  /// κ_b times the schedule, in the present step.
  private func limit(of group: Int, _ test: StepTest) -> Double { min(limits[group], test.schedule) }

  /// - Parameter limit: of κ_b times the schedule.
  /// - Returns: the part of the present step that is left.
  private func shorten(_ group: Int, to limit: Double, _ test: StepTest) -> Double {
    let before = self.limit(of: group, test)
    limits[group] = min(max(limit, 1e-3 * test.schedule), .greatestFiniteMagnitude)
    let part = min(1, limits[group] / before)
    lengths[group] *= part
    return part
  }

  /// Takes up the test of the whole step, with what the other tests left of it.
  ///
  /// - Returns: the part of the step to keep: 1, or ½ for a step that is to be tested again.
  public func takeUp(_ test: StepTest) -> Double {
    let (p, a) = (test.predicted, test.actual)
    let isLost = a.isFinite && max(abs(p), abs(a)) <= test.resolution
    let isTooLong = updates == 1 && !isLost && p - a > Self.mostOfAll * max(p, 0)
    if !a.isFinite || isTooLong, factor > 0x1p-60 {
      factor /= 2
      for group in lengths.indices { lengths[group] /= 2 }
      return 0.5
    }
    guard a.isFinite, !isLost else { return 1 }
    let (keep, relative) = (0.7, factor * test.schedule)
    // Of a step uphill, its slope all the same; one step that fails is no more than one step.
    let decrease = abs(p)
    let lost = min(p - a, Self.mostOfOutlier * max(decrease, slope * relative))
    slope = keep * slope + (1 - keep) * decrease / relative
    curvature = keep * curvature + (1 - keep) * lost / (relative * relative)
    if updates > 1, curvature * relative > Self.mostOfAll * slope { factor *= 0.8 }
    return 1
  }
}

/// When lengths are tested.
public enum TestedLengths {
  /// A group after the first steps, once in so many.
  public static var every: Int { 5 }
}

/// What a step, or a part of it, does to the loss of its own minibatch.
public struct StepTest {
  /// p = −(Ẇ + ∇R)·Δw, the decrease of J that the gradient predicts.
  public var predicted: Double
  /// a = J(w) − J(w + Δw), R included.
  public var actual: Double
  /// The factor of the step's length that the schedule gives.
  public var schedule: Double
  /// The smallest difference of losses that their rounding does not hide.
  public var resolution: Double

  public init(predicted: Double, actual: Double, schedule: Double, resolution: Double) {
    (self.predicted, self.actual, self.schedule, self.resolution) = (predicted, actual, schedule, resolution)
  }
}

extension MeasuredLengths: Resumable {
  public func exchange(with state: any StateExchange) throws {
    try state.number("updates", &updates)
    try state.numbers("bases", &bases)
    try state.numbers("limits", &limits)
    try state.number("factor", &factor)
    try state.numbers("meanSquares", &meanSquares)
    try state.numbers("slopes", &slopes)
    try state.numbers("curvatures", &curvatures)
    try state.numbers("tests", &tests)
    try state.number("slope", &slope)
    try state.number("curvature", &curvature)
  }
}

/// How lengths are found where a configuration has no learning rate.
public enum LengthRule: String, Codable, CaseIterable, Sendable {
  /// By unit measured, by weight found.
  case auto
  /// (M33) From the gradients on the way, see ``DistanceEstimate``.
  case found
  /// (M34) By what a step does to the loss of its own minibatch, see ``MeasuredLengths``.
  case measured
}
