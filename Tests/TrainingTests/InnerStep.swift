import Configurations
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// A step with weights after some others, and the derivative of w' = w + Δw by the weights of its samples.
///
/// All derivatives are one row of parameters for each sample of the step.
struct InnerStep {
  let problem: WeightedProblem
  /// a, before any of them is moved.
  let weights: Vector<Double>
  var steps = 40
  var batch = 20

  let l2: Double

  init(_ settings: [String], l2: Double = 0.001) throws {
    self.l2 = l2
    problem = try WeightedProblem(["regularization.l2=\(l2)"] + settings)
    weights = problem.weights { $0.uniform(0.2...1.8) }
  }

  /// The positions of the step that is differentiated.
  var positions: [Int32] { WeightedProblem.positions(steps - 1, count: batch) }

  /// All steps, the last one with a_i + ε.
  func run(
    moving sample: Int = 0, by epsilon: Double = 0, each: (Int, TrainingStep<Double>) throws -> Void = { _, _ in }
  )
    throws -> TrainingStep<Double>
  {
    let moved = Arena<Double>(count: weights.count).all
    moved.copy(from: weights)
    let step = try problem.step(weights: moved, capacity: batch, keepsParametersBefore: true)
    for turn in 0..<steps {
      if turn == steps - 1 { moved[Int(positions[sample])] += epsilon }
      try step.take(WeightedProblem.positions(turn, count: batch))
      try each(turn, step)
    }
    return step
  }

  /// −P ∇f_i with gradients at w, as it must be, and at w + Δw.
  func derivatives() throws -> (atStart: [[Double]], atEnd: [[Double]]) {
    let step = try run()
    let p = Arena<Double>(count: step.parameters.count).all
    let roots = step.stepDerivative(into: p)
    func derivative(_ w: [Double]) throws -> [[Double]] {
      try problem.sampleStatistics(positions, at: w).wDot.map { gradient in
        let v = Arena<Double>(count: gradient.count).all
        v.copy(from: gradient)
        roots?.apply(to: v)
        return zip(p.array, v.array).map { -$0 * $1 }
      }
    }
    return (try derivative(step.parametersBefore.array), try derivative(step.parameters.all.array))
  }

  /// Differences of the step itself, with everything in it as the moved weights make it.
  func unfrozen(epsilon: Double = 1e-3) throws -> [[Double]] {
    try positions.indices.map { sample in
      let sides = try [epsilon, -epsilon].map { try run(moving: sample, by: $0).parameters.all.array }
      return zip(sides[0], sides[1]).map { ($0 - $1) / (2 * epsilon) }
    }
  }

  /// Differences of the step in plain loops, with Ẅ, scale and length as they are for the weights that are not moved.
  ///
  /// - Returns: the derivative, and how far the last Δw of the plain loops is from the program's, relative to its largest
  ///   element.
  func frozen() throws -> (derivative: [[Double]], error: Double) {
    let optimizer = problem.configuration.optimizer
    let settings = try #require(optimizer.of(ResidualPartitioning.self))
    var reference = ReferencePartitioning(
      momentum: settings.momentum, curvatureDecay: settings.curvatureDecay, damping: settings.damping,
      power: settings.curvaturePower.rawValue,
      scale: settings.layerScale == .none ? .none : (settings.layerScale == .unit ? .unit : .adaptive),
      distance: optimizer.learningRate == nil ? ReferenceDistance() : nil)
    var (error, derivative) = (Double.infinity, [[Double]]())
    _ = try run { turn, step in
      let (w, positions) = (step.parametersBefore.array, WeightedProblem.positions(turn, count: batch))
      let alone = try problem.sampleStatistics(positions, at: w)
      let a = positions.map { weights[Int($0)] }
      /// Σ a_i x_i/S.
      func mean(_ rows: [[Double]], _ a: [Double]) -> [Double] { weightedSum(a, rows).map { $0 / Double(batch) } }
      func gradient(_ a: [Double]) -> [Double] { zip(mean(alone.wDot, a), w).map { $0 + l2 * $1 } }
      let next = reference.step(
        w, gradient: gradient(a), curvature: mean(alone.wDDot, a), hessian: w.map { _ in l2 },
        rate: optimizer.learningRate ?? 1,
        blocks: step.network.layout.blocks.map(\.range))
      guard turn == steps - 1 else { return }
      let (found, expected) = (step.parameters.all.array, next)
      error = relativeDifference(zip(found, w).map { $0 - $1 }, zip(expected, w).map { $0 - $1 })
      // The step is linear in the weights now: a difference need not be small.
      derivative = a.indices.map { sample in
        let sides = [0.5, -0.5].map { epsilon in
          var moved = a
          moved[sample] += epsilon
          return reference.frozenStep(gradient: gradient(moved))
        }
        return zip(sides[0], sides[1]).map { $0 - $1 }
      }
    }
    return (derivative, error)
  }

  /// ∂L(w')/∂a_i for the mean loss L of samples that are in no step, with the derivative of w' given.
  func hypergradient(_ derivative: [[Double]]) throws -> [Double] {
    let step = try run()
    let held = (1200..<1300).map { Int32($0) }
    let gradients = try problem.sampleStatistics(held, at: step.parameters.all.array).wDot
    let v = weightedSum(held.map { _ in 0.01 }, gradients)
    return derivative.map { zip($0, v).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}

/// How far `a` is from `b`: ‖a − b‖/‖b‖, and the cosine between them.
func comparison(_ a: [Double], _ b: [Double]) -> (distance: Double, cosine: Double) {
  func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
  let difference = zip(a, b).map { $0 - $1 }
  return (
    (product(difference, difference) / product(b, b)).squareRoot(),
    product(a, b) / (product(a, a) * product(b, b)).squareRoot()
  )
}
