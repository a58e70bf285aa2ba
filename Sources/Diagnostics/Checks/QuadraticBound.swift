internal import Kernels
public import Networks
internal import Optimizers

/// B(Δw) = J + Σ Ẇ Δw + ½ Δwᵀ D Δw of (M12), (M13) or (M28), without regularisation: residual partitioning's model of the
/// loss. By weight D is the diagonal Ẅ; by unit it has a block for every unit of the layers with affine statistics.
public struct QuadraticBound: Sendable {
  /// (M28) A unit's part of D.
  struct Block: Sendable {
    /// The places of the unit's weights and of its bias, which is last.
    let parameters: [Int]
    /// H_i, [n × n].
    var matrix: [Double]
    /// (M29) g_i A, [n × n].
    let factored: [Double]
  }

  /// Ẇ, mean over the samples, [parameters].
  public var gradient: [Double]
  /// The diagonal of D, [parameters]: by weight Ẅ ≥ 0; 0 for running averages.
  public var curvature: [Double]
  /// The blocks of D; empty by weight.
  var blocks: [Block] = []
  /// The model that B bounds: (M12)'s model or the exact second-order one.
  public let model: Bound

  /// The bound at an objective's parameters, with the statistics of batch normalisation frozen in Ẏ.
  public init(
    _ objective: Objective, _ model: Bound, partition: Partition = .weight, lossPartition: LossPartition
  ) {
    let (network, samples) = (objective.network, Double(objective.samples))
    let count = network.layout.count
    let sums = StatisticsSlice<Double>(wDot: Arena(count: count).all, wDDot: Arena(count: count).all)
    self.model = model
    _ = objective.forward(.frozenMinibatch, partition: partition)
    var units: [UnitStatistics<Double>] = []
    switch partition {
    case .weight:
      _ = network.addStatistics(
        inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all,
        loss: objective.loss, partition: lossPartition, bound: model, into: sums)
    case .unit:
      units =
        network.unitStatistics(
          inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all,
          loss: objective.loss, lossPartition: lossPartition, bound: model, into: sums, wantsBlocks: true
        ).layers
    }
    gradient = sums.wDot.array.map { $0 / samples }
    curvature = sums.wDDot?.array.map { $0 / samples } ?? []
    blocks = units.flatMap { Self.blocks($0, network.layout, samples: objective.samples) }
    for block in blocks {
      let n = block.parameters.count
      for (row, parameter) in block.parameters.enumerated() { curvature[parameter] = block.matrix[row * n + row] }
    }
  }

  private static func blocks(
    _ unit: UnitStatistics<Double>, _ layout: ParameterLayout, samples: Int
  ) -> [Block] {
    func first(_ role: ParameterShape.Role) -> Int? {
      layout.blocks.first { $0.address == unit.address && $0.role == role }?.range.lowerBound
    }
    guard let exact = unit.blocks?.elements.array, let weights = first(.weight) else { return [] }
    let (n, biases) = (unit.inputMoment.columns, first(.bias))
    let (inputs, g, moment) = (
      n - (biases == nil ? 0 : 1), unit.meanCurvature(samples: samples), unit.normalizedMoment
    )
    return g.indices.map { i in
      Block(
        parameters: (0..<inputs).map { weights + i * inputs + $0 } + (biases.map { [$0 + i] } ?? []),
        matrix: exact[i * n * n..<(i + 1) * n * n].map { $0 / Double(samples) },
        factored: moment.map { g[i] * $0 })
    }
  }

  /// The same with another size of D: too small a bound must be found out.
  public func scalingCurvature(by factor: Double) -> QuadraticBound {
    var bound = self
    bound.curvature = curvature.map { factor * $0 }
    for index in blocks.indices { bound.blocks[index].matrix = blocks[index].matrix.map { factor * $0 } }
    return bound
  }

  /// vᵀ D v.
  func curvature(along v: [Double]) -> Double {
    guard !blocks.isEmpty else { return zip(curvature, v).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } }
    var rest = v
    var sum = 0.0
    for block in blocks {
      let part = block.parameters.map { v[$0] }
      for (row, own) in part.enumerated() where own != 0 {
        let start = row * part.count
        sum += own * zip(block.matrix[start..<start + part.count], part).reduce(0) { $0 + $1.0 * $1.1 }
      }
      for parameter in block.parameters { rest[parameter] = 0 }
    }
    return sum + zip(curvature, rest).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
  }

  /// B(0) − B(Δw), without regularisation.
  func decrease(_ step: [Double]) -> Double {
    -zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 } - curvature(along: step) / 2
  }

  /// The minimum of B + R: (M11) with λ = 1 and without damping; by unit a linear system for every block, on the range of
  /// its matrix. 0 where the denominator is 0.
  func minimum(_ objective: Objective) -> [Double] {
    var step = gradient.map { _ in 0.0 }
    var regularizer = step
    for block in objective.network.layout.blocks where block.isTrained {
      for k in block.range {
        let slope = gradient[k] + objective.regularization.slope(at: objective.parameters.all[k], block.role)
        regularizer[k] = objective.regularization.curvature(block.role)
        let denominator = curvature[k] + regularizer[k]
        step[k] = denominator == 0 ? 0 : -slope / denominator
      }
    }
    for block in blocks {
      let n = block.parameters.count
      let system = Matrix<Double>(rows: n, columns: n)
      for (row, k) in block.parameters.enumerated() {
        system[row].copy(from: Array(block.matrix[row * n..<(row + 1) * n]))
        system[row][row] += regularizer[k]
      }
      let slopes = block.parameters.map { k in -step[k] * (curvature[k] + regularizer[k]) }
      let solution = CholeskyFactor(system).solve(slopes.map { -$0 })
      for (row, k) in block.parameters.enumerated() { step[k] = solution[row] }
    }
    return step
  }
}

/// The Cholesky factor of a symmetric matrix whose eigenvalues are not negative, with 10⁻⁶ of each diagonal element added to it:
/// then directions in which the matrix is 0 have a factor too.
struct CholeskyFactor {
  /// The share of the diagonal that is added.
  static let ridge = 1e-6
  /// L, lower triangle.
  private let factor: Matrix<Double>

  init(_ matrix: Matrix<Double>) {
    let n = matrix.rows
    factor = Matrix(rows: n, columns: n)
    for i in 0..<n {
      let row = factor[i]
      for j in 0..<i {
        let pivot = factor[j][j]
        row[j] = pivot == 0 ? 0 : (matrix[i][j] - row[0..<j].dot(factor[j][0..<j])) / pivot
      }
      let pivot = (1 + Self.ridge) * matrix[i][i] - row[0..<i].dot(row[0..<i])
      row[i] = pivot > 0 ? pivot.squareRoot() : 0
    }
  }

  /// L⁻¹ b; 0 where a diagonal element of the matrix is 0.
  func forward(_ b: [Double]) -> [Double] {
    var x = b
    for i in x.indices {
      var sum = b[i]
      for j in 0..<i { sum -= factor[i][j] * x[j] }
      x[i] = factor[i][i] == 0 ? 0 : sum / factor[i][i]
    }
    return x
  }

  /// L⁻ᵀ L⁻¹ b, likewise.
  func solve(_ b: [Double]) -> [Double] {
    var x = forward(b)
    for i in x.indices.reversed() {
      var sum = x[i]
      for j in i + 1..<x.count { sum -= factor[j][i] * x[j] }
      x[i] = factor[i][i] == 0 ? 0 : sum / factor[i][i]
    }
    return x
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
