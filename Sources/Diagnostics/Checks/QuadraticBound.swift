internal import Kernels
public import Networks
internal import Optimizers

/// B(Δw) = J + Σ Ẇ Δw + ½ Σ Ẅ Δw² of (M12) or (M13), without regularisation: residual partitioning's model of the loss.
public struct QuadraticBound: Sendable {
  /// Ẇ, mean over the samples, [parameters].
  public var gradient: [Double]
  /// Ẅ ≥ 0, [parameters]; 0 for running averages.
  public var curvature: [Double]
  /// The model that B bounds: (M12)'s model or the exact second-order one.
  public let model: Bound

  /// The bound at an objective's parameters, with the statistics of batch normalisation frozen in Ẏ.
  public init(_ objective: Objective, _ model: Bound, partition: LossPartition) {
    let count = objective.network.layout.count
    let (wDot, wDDot) = (Arena<Double>(count: count).all, Arena<Double>(count: count).all)
    _ = objective.forward(.frozenMinibatch)
    _ = objective.network.addStatistics(
      inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all, loss: objective.loss,
      partition: partition, bound: model, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
    gradient = wDot.array.map { $0 / Double(objective.samples) }
    curvature = wDDot.array.map { $0 / Double(objective.samples) }
    self.model = model
  }

  /// Σ Ẅ v².
  func curvature(along v: [Double]) -> Double { zip(curvature, v).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } }

  /// B(0) − B(Δw), without regularisation.
  func decrease(_ step: [Double]) -> Double {
    -zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 } - curvature(along: step) / 2
  }

  /// (M11) with λ = 1 and without damping; 0 where the denominator is 0.
  func minimum(_ objective: Objective) -> [Double] {
    var step = gradient.map { _ in 0.0 }
    for block in objective.network.layout.blocks where block.isTrained {
      for k in block.range {
        let slope = gradient[k] + objective.regularization.slope(at: objective.parameters.all[k], block.role)
        let denominator = curvature[k] + objective.regularization.curvature(block.role)
        step[k] = denominator == 0 ? 0 : -slope / denominator
      }
    }
    return step
  }
}

/// vᵀ H v of the mean loss at an objective's parameters, by forward mode, with the statistics of batch normalisation
/// frozen.
struct CurvatureModel {
  private let model: SecondOrderModel<Double>
  private let kind: Bound
  private let direction: Arena<Double>
  private let samples: Double

  /// Runs the objective's network forward; no further pass may run while the model is used.
  init(_ objective: Objective, _ kind: Bound) {
    _ = objective.forward(.frozenMinibatch)
    model = SecondOrderModel(
      objective.network, inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all,
      loss: objective.loss)
    self.kind = kind
    direction = Arena(count: objective.parameters.count)
    samples = Double(objective.samples)
  }

  func curvature(along v: [Double]) -> Double {
    direction.all.copy(from: v)
    return model.derivatives(along: direction.all, kind).second / samples
  }

  /// The same for v = Σ of a few scaled unit vectors.
  func curvature(along units: [(parameter: Int, scale: Double)]) -> Double {
    direction.all.fill(0)
    for unit in units { direction.all[unit.parameter] += unit.scale }
    return model.derivatives(along: direction.all, kind).second / samples
  }
}

/// λ_max of a symmetric matrix: the least x for which x − A has a Cholesky factor, found by bisection between the
/// largest diagonal element and Gershgorin's bound.
///
/// - Returns: λ_max with an error of about 1e-12 of Gershgorin's bound; −∞ for the empty matrix.
/// - Complexity: about 40 factorisations of n³/3 operations each.
func largestEigenvalue(_ matrix: Matrix<Double>) -> Double {
  precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
  var (low, high) = (-Double.infinity, -Double.infinity)
  for i in 0..<matrix.rows {
    low = max(low, matrix[i][i])
    high = max(high, matrix[i][i] + matrix[i].magnitudeSum - matrix[i][i].magnitude)
  }
  guard low < high else { return low }
  let factor = Matrix<Double>(rows: matrix.rows, columns: matrix.columns)
  let resolution = 1e-12 * max(low.magnitude, high.magnitude)
  while high - low > resolution {
    let middle = low + (high - low) / 2
    if isPositiveDefinite(middle, minus: matrix, factor: factor) { high = middle } else { low = middle }
  }
  return high
}

/// Whether x − A has a Cholesky factor L Lᵀ; writes L row by row, as far as it exists.
private func isPositiveDefinite(_ x: Double, minus matrix: Matrix<Double>, factor: Matrix<Double>) -> Bool {
  for i in 0..<matrix.rows {
    let row = factor[i]
    for j in 0..<i {
      row[j] = (-matrix[i][j] - row[0..<j].dot(factor[j][0..<j])) / factor[j][j]
    }
    let pivot = x - matrix[i][i] - row[0..<i].dot(row[0..<i])
    guard pivot > 0 else { return false }
    row[i] = pivot.squareRoot()
  }
  return true
}
