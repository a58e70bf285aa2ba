import Kernels
import Networks
import Optimizers

/// One step of residual partitioning on a dense layer with hand-made statistics.
///
/// The last parameter is the bias, the others are the weights of one output.
struct OneStep {
  var parameters: [Double]
  /// Sums over the samples.
  var wDot: [Double]
  var wDDot: [Double]
  var samples = 1
  var learningRate = 1.0
  var damping = 0.0
  var regularization = Regularization()

  /// The parameters after the step.
  func result(in precision: Precision) throws -> [Double] {
    switch precision {
    case .float32: try result(as: Float.self)
    case .float64: try result(as: Double.self)
    }
  }

  /// Δw in Double.
  func step() throws -> [Double] {
    zip(try result(as: Double.self), parameters).map { $0 - $1 }
  }

  private func result<S: Real>(as _: S.Type) throws -> [Double] {
    let layout = try Network<S>([.dense(inputs: nil, outputs: 1)], inputs: parameters.count - 1).layout
    let w = vector(parameters, as: S.self)
    ResidualPartitioning(learningRate: learningRate, damping: damping).update(
      w, sums: (wDot: vector(wDot, as: S.self), wDDot: vector(wDDot, as: S.self)), samples: samples,
      regularization: regularization, layout: layout)
    return w.array.map { Double($0) }
  }
}

/// A vector of these numbers in an arena of its own.
func vector<S: Real>(_ values: [Double], as _: S.Type) -> Vector<S> {
  let arena = Arena<S>(count: values.count)
  arena.all.copy(from: values.map { S($0) })
  return arena.all
}

/// Whether the numbers agree to 8 ulp of each: a step is some five roundings.
func isClose(_ a: [Double], _ b: [Double], in precision: Precision) -> Bool {
  let ulp = precision == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
  return a.count == b.count && zip(a, b).allSatisfy { ($0 - $1).magnitude <= 8 * ulp * max(1, $1.magnitude) }
}
