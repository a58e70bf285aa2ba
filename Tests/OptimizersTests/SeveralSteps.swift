import Kernels
import Networks
import Optimizers

/// Some steps of an optimizer on a dense layer with hand-made statistics.
///
/// The last parameter is the bias, the others are the weights of one output.
struct SeveralSteps {
  var rule: any Optimizer
  var rate = 1.0
  var parameters: [Double]
  /// For each step the sums Ẇ and Ẅ over the samples; Ẅ is nil where it was not computed.
  var sums: [(wDot: [Double], wDDot: [Double]?)]
  var samples = 1
  var regularization = Regularization()
  var keepsCurvature = false

  /// The parameters after each step.
  func trajectory(in precision: Precision) throws -> [[Double]] {
    switch precision {
    case .float32: try trajectory(as: Float.self)
    case .float64: try trajectory(as: Double.self)
    }
  }

  private func trajectory<S: Real>(as _: S.Type) throws -> [[Double]] {
    let layout = try oneOutput(parameters.count, as: S.self)
    let w = vector(parameters, as: S.self)
    let state = OptimizerState<S>(for: rule, layout, keepsCurvature: keepsCurvature)
    return sums.map { sums in
      let slice = StatisticsSlice(
        wDot: vector(sums.wDot, as: S.self), wDDot: sums.wDDot.map { vector($0, as: S.self) })
      rule.update(
        w, sums: slice, samples: samples, state: state, rate: rate, regularization: regularization, layout: layout)
      return w.array.map { Double($0) }
    }
  }
}

/// One block of weights and one bias, `count` parameters in all.
func oneOutput<S: Real>(_ count: Int, as _: S.Type) throws -> ParameterLayout {
  try Network<S>([.dense(inputs: nil, outputs: 1)], inputs: count - 1).layout
}

/// A vector of these numbers in an arena of its own.
func vector<S: Real>(_ values: [Double], as _: S.Type) -> Vector<S> {
  let arena = Arena<S>(count: values.count)
  arena.all.copy(from: values.map { S($0) })
  return arena.all
}

/// The distance from 1 to the next number.
func ulp(of precision: Precision) -> Double {
  precision == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
}

/// Whether the numbers agree to some ulp of each, or of 1 where they are smaller: a step is some five roundings.
func isClose(_ a: [Double], _ b: [Double], in precision: Precision, ulps: Double = 8) -> Bool {
  a.count == b.count
    && zip(a, b).allSatisfy { ($0 - $1).magnitude <= ulps * ulp(of: precision) * max(1, $1.magnitude) }
}

/// Whether all rows agree as ``isClose(_:_:in:ulps:)`` says.
func isClose(_ a: [[Double]], _ b: [[Double]], in precision: Precision, ulps: Double = 8) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { isClose($0, $1, in: precision, ulps: ulps) }
}
