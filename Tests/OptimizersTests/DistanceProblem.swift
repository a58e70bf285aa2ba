import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// Residual partitioning on a layout here and in plain loops, with the same random statistics for both.
struct DistanceProblem: CustomTestStringConvertible {
  static let samples = 3

  let name: String
  let layers: [LayerConfiguration]
  var rule: ResidualPartitioning
  var rate = 0.5
  var regularization = Regularization()
  var curvatureEvery = 1
  /// From zeros the distances are as exact as the numbers; else w₀ − w cancels.
  var startsAtZero = false
  var steps = 24

  var testDescription: String { "\(name), \(rule), every \(curvatureEvery)" }

  /// Every layout with every scale and power, those that need a length with one that is found and with a given one.
  static let all: [DistanceProblem] = {
    let layouts: [(String, [LayerConfiguration])] = [
      ("biases", [.dense(inputs: nil, outputs: 5), .activation(.tanh), .dense(inputs: nil, outputs: 3)]),
      ("no biases", [.dense(inputs: nil, outputs: 7, bias: false)]),
      ("normalised", [.dense(inputs: nil, outputs: 4), .batchNorm, .dense(inputs: nil, outputs: 2)]),
    ]
    var problems: [DistanceProblem] = []
    for (name, layers) in layouts {
      for power in CurvaturePower.allCases {
        for (scale, findsLength) in [(LayerScale.unit, true), (.adaptive, true), (.adaptive, false), (.none, false)] {
          let rule = ResidualPartitioning(
            momentum: 0.9, curvatureDecay: 0.95, damping: 0.125, curvaturePower: power, layerScale: scale,
            findsLength: findsLength)
          problems.append(DistanceProblem(name: name, layers: layers, rule: rule))
        }
      }
    }
    return problems
  }()

  /// What the plain loops make of the rule.
  var reference: ReferencePartitioning {
    ReferencePartitioning(
      momentum: rule.momentum, curvatureDecay: rule.curvatureDecay, damping: rule.damping,
      power: rule.curvaturePower == .one ? 1 : 0.5,
      scale: rule.layerScale == .none ? .none : (rule.layerScale == .unit ? .unit : .adaptive),
      distance: rule.findsLength ? ReferenceDistance() : nil)
  }

  /// The start and the sums over samples of every step.
  ///
  /// Gradients agree from step to step in part, in some blocks more than in others: the distances grow, and differ.
  private func statistics(_ layout: ParameterLayout) -> (start: [Double], sums: [(wDot: [Double], wDDot: [Double]?)]) {
    var random = SmallRandom(seed: 43)
    func exact(_ x: Double) -> Double { (x * 1024).rounded() / 1024 }
    let start = (0..<layout.count).map { _ in startsAtZero ? 0 : exact(random.uniform(-2...2)) }
    let trend = (0..<layout.count).map { _ in (random.chance(0.5) ? 1 : -1) * random.uniform(1...3) }
    let sums = (0..<steps).map { step in
      var wDot: [Double] = []
      for (index, block) in layout.blocks.enumerated() {
        wDot += block.range.map { k in exact(trend[k] + Double(index) * random.uniform(-2...2)) }
      }
      let wDDot = (0..<layout.count).map { _ in exact(random.uniform(1...9)) }
      return (wDot: wDot, wDDot: step % curvatureEvery == 0 ? wDDot : nil)
    }
    return (start, sums)
  }

  /// The parameters after each step.
  func found(in precision: Precision) throws -> [[Double]] {
    switch precision {
    case .float32: try found(as: Float.self)
    case .float64: try found(as: Double.self)
    }
  }

  private func found<S: Real>(as _: S.Type) throws -> [[Double]] {
    let layout = try Network<S>(layers, inputs: 4).layout
    return try trajectory(as: S.self) { rule, w, sums, state in
      rule.update(
        w, sums: sums, samples: Self.samples, state: state, rate: rate, regularization: regularization, layout: layout)
    }
  }

  /// The parameters after each step that `update` takes.
  func trajectory<S: Real>(
    as _: S.Type, _ update: (any Optimizer, Vector<S>, StatisticsSlice<S>, OptimizerState<S>) throws -> Void
  ) throws -> [[Double]] {
    let layout = try Network<S>(layers, inputs: 4).layout
    let (start, sums) = statistics(layout)
    let state = OptimizerState<S>(for: rule, layout, keepsCurvature: curvatureEvery > 1)
    let w = vector(start, as: S.self)
    return try sums.map { sums in
      let slice = StatisticsSlice(
        wDot: vector(sums.wDot, as: S.self), wDDot: sums.wDDot.map { vector($0, as: S.self) })
      try update(rule, w, slice, state)
      return w.array.map { Double($0) }
    }
  }

  /// What `reference` makes of the same statistics.
  func expected(_ reference: ReferencePartitioning? = nil) throws -> (
    trajectory: [[Double]], end: ReferencePartitioning
  ) {
    let layout = try Network<Double>(layers, inputs: 4).layout
    let (start, sums) = statistics(layout)
    let blocks = layout.blocks.filter(\.isTrained)
    var isRegularized = Array(repeating: false, count: layout.count)
    for block in blocks where block.role == .weight || (block.role == .bias && regularization.includingBiases) {
      for k in block.range { isRegularized[k] = true }
    }
    var (reference, w) = (reference ?? self.reference, start)
    let trajectory = sums.map { sums in
      let gradient = w.indices.map { k in
        let sign: Double = w[k] > 0 ? 1 : (w[k] < 0 ? -1 : 0)
        return sums.wDot[k] / Double(Self.samples)
          + (isRegularized[k] ? regularization.l2 * w[k] + regularization.l1 * sign : 0)
      }
      w = reference.step(
        w, gradient: gradient, curvature: sums.wDDot?.map { $0 / Double(Self.samples) },
        hessian: isRegularized.map { $0 ? regularization.l2 : 0 }, rate: rate, blocks: blocks.map(\.range))
      return w
    }
    return (trajectory, reference)
  }

  /// The greatest error of a step's displacement from the start, relative to its greatest element.
  func error(of found: [[Double]], _ expected: [[Double]]) throws -> Double {
    let start = statistics(try Network<Double>(layers, inputs: 4).layout).start
    func displacements(_ rows: [[Double]]) -> [[Double]] { rows.map { zip($0, start).map { $0 - $1 } } }
    let (a, b) = (displacements(found), displacements(expected))
    guard a.count == b.count, a.count == steps else { return .infinity }
    return zip(a, b).map { relativeDifference($0, $1) }.max() ?? .infinity
  }

  /// What ``error(of:_:)`` may be.
  ///
  /// Each step rounds some ten numbers, by an ulp of displacements from zero. From elsewhere w has an error of some ulp of
  /// 2, be the displacement 1e-6 or less in the first steps: a part of it that stays, since lengths are proportional to
  /// earlier displacements.
  func tolerance(in precision: Precision) -> Double {
    256 * ulp(of: precision) / (startsAtZero ? 1 : 1e-7)
  }
}
