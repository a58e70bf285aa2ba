internal import Kernels
internal import Networks

/// λ_max(D^−½ H D^−½): how nearly the bound is attained in its worst direction; at most 1 where it holds.
///
/// H is computed by polarisation, H(v, w) = (q(v + w) − q(v) − q(w))/2 with q(v) = vᵀ H v, from unit vectors that are
/// first scaled by the inverse roots of D's diagonal, so that every entry has the accuracy of numbers near 1. Weights with D = 0 are left out; they
/// must have no curvature.
struct Tightness {
  /// A smaller D counts as 0: its inverse root would not be accurate.
  private static let smallest = 1e-250

  /// nil where no weight has D > 0.
  let value: Double?
  /// The blocks that have a weight with D = 0 and a nonzero entry in its row of H.
  let uncovered: [String]

  /// - Returns: nil where there are more weights than the limit.
  init?(
    _ model: CurvatureModel, _ bound: QuadraticBound, layout: ParameterLayout, limit: Int,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    let blocks = layout.blocks.filter(\.isTrained)
    let weights = blocks.flatMap { Array($0.range) }
    guard weights.count <= limit else { return nil }
    let units = weights.map { k in
      (parameter: k, scale: bound.curvature[k] < Self.smallest ? 1 : 1 / bound.curvature[k].squareRoot())
    }
    let hessian = Matrix<Double>(rows: weights.count, columns: weights.count)
    let diagonal = units.map { model.curvature(along: [$0]) }
    for i in ranks.shard(0..<weights.count) {
      hessian[i][i] = diagonal[i]
      for j in 0..<i {
        let entry = (model.curvature(along: [units[i], units[j]]) - diagonal[i] - diagonal[j]) / 2
        (hessian[i][j], hessian[j][i]) = (entry, entry)
      }
    }
    try ranks.sum(hessian.elements)

    let kept = weights.indices.filter { bound.curvature[weights[$0]] >= Self.smallest }
    var scaled = Matrix<Double>(rows: kept.count, columns: kept.count)
    for (row, i) in kept.enumerated() { scaled[row].copy(from: kept.map { hessian[i][$0] }) }
    if !bound.blocks.isEmpty { scaled = bound.whitened(scaled, kept.map { weights[$0] }) }
    value = kept.isEmpty ? nil : largestEigenvalue(scaled)
    let left = weights.indices.filter { i in
      bound.curvature[weights[i]] < Self.smallest && hessian[i].array.contains { $0.magnitude > BoundCheck.tolerance }
    }
    uncovered = blocks.filter { block in left.contains { block.range.contains(weights[$0]) } }.map(\.name)
  }
}

extension QuadraticBound {
  /// L⁻¹ M L⁻ᵀ for D = L Lᵀ scaled to a diagonal of ones, with the ridge of ``CholeskyFactor``.
  ///
  /// - Parameters:
  ///   - matrix: M, scaled by the inverse roots of D's diagonal.
  ///   - parameters: the parameters that its rows belong to.
  fileprivate func whitened(_ matrix: Matrix<Double>, _ parameters: [Int]) -> Matrix<Double> {
    let places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1, $0) })
    let result = Matrix<Double>(rows: matrix.rows, columns: matrix.columns)
    result.elements.copy(from: matrix.elements)
    for block in blocks {
      let n = block.parameters.count
      let kept = block.parameters.indices.filter { places[block.parameters[$0]] != nil }
      let rows = kept.compactMap { places[block.parameters[$0]] }
      let roots = kept.map { curvature[block.parameters[$0]].squareRoot() }
      let own = Matrix<Double>(rows: kept.count, columns: kept.count)
      for (i, a) in kept.enumerated() {
        for (j, b) in kept.enumerated() { own[i][j] = block.matrix[a * n + b] / roots[i] / roots[j] }
      }
      let factor = CholeskyFactor(own)
      for column in 0..<result.columns {
        for (i, value) in factor.forward(rows.map { result[$0][column] }).enumerated() {
          result[rows[i]][column] = value
        }
      }
      for row in 0..<result.rows {
        for (i, value) in factor.forward(rows.map { result[row][$0] }).enumerated() { result[row][rows[i]] = value }
      }
    }
    return result
  }

  /// (M29) The largest eigenvalue of a block relative to its factored form; nil without blocks.
  var factoredRatio: Double? {
    blocks.compactMap { block -> Double? in
      let n = block.parameters.count
      let kept = (0..<n).filter { block.factored[$0 * n + $0] >= Double.leastNormalMagnitude }
      guard !kept.isEmpty else { return nil }
      let roots = kept.map { block.factored[$0 * n + $0].squareRoot() }
      func scaled(_ matrix: [Double]) -> Matrix<Double> {
        let result = Matrix<Double>(rows: kept.count, columns: kept.count)
        for (i, a) in kept.enumerated() {
          for (j, b) in kept.enumerated() { result[i][j] = matrix[a * n + b] / roots[i] / roots[j] }
        }
        return result
      }
      let (factor, exact) = (CholeskyFactor(scaled(block.factored)), scaled(block.matrix))
      for column in kept.indices {
        let values = factor.forward(kept.indices.map { exact[$0][column] })
        for (row, value) in values.enumerated() { exact[row][column] = value }
      }
      for row in kept.indices { exact[row].copy(from: factor.forward(exact[row].array)) }
      return largestEigenvalue(exact)
    }.max()
  }
}

/// Steps Δw of many kinds and sizes, addressed by (seed, number).
struct RandomSteps {
  let seed: UInt64
  let blocks: [ParameterLayout.Block]
  let bound: QuadraticBound

  /// The seven kinds take turns; after each round the size is another power of ten from 0.01 to 100.
  private enum Kind: Int, CaseIterable {
    /// Independent normal numbers: for all weights, for one in two, for one in ten.
    case dense, half, tenth
    /// Normal numbers divided by √Ẅ, along which the bound is equally steep; 0 where Ẅ is 0.
    case scaled
    case singleWeight, singleBlock
    /// Against the gradient: −Ẇ/Ẅ.
    case partitioned
  }

  init(seed: UInt64, layout: ParameterLayout, bound: QuadraticBound) {
    self.seed = seed
    blocks = layout.blocks.filter(\.isTrained)
    self.bound = bound
  }

  /// The step with a number, [parameters]; 0 for running averages.
  subscript(number: Int) -> [Double] {
    let kinds = Kind.allCases
    let kind = kinds[number % kinds.count]
    var size = 0.01
    for _ in 0..<number / kinds.count % 5 { size *= 10 }
    // The blocks of GradientCheck use the addresses from 0 on.
    let stream = RandomStream(seed: seed, .check, -1 - number)
    let count = bound.curvature.count
    let choice = { (options: Int) in Int(stream[4 * count].multipliedFullWidth(by: UInt64(options)).high) }
    let chosenBlock = blocks[choice(blocks.count)].range
    let chosenWeight = chosenBlock.lowerBound + choice(chosenBlock.count)
    var step = [Double](repeating: 0, count: count)
    for block in blocks {
      for k in block.range {
        let share = stream.uniform(2 * count + k)
        let curvature = bound.curvature[k]
        step[k] =
          switch kind {
          case .dense: size * stream.normal(k)
          case .half: share < 0.5 ? size * stream.normal(k) : 0
          case .tenth: share < 0.1 ? size * stream.normal(k) : 0
          case .scaled: curvature > 0 ? size * stream.normal(k) / curvature.squareRoot() : 0
          case .singleWeight: k == chosenWeight ? size : 0
          case .singleBlock: chosenBlock.contains(k) ? size * stream.normal(k) : 0
          case .partitioned: curvature > 0 ? -size * bound.gradient[k] / curvature : 0
          }
      }
    }
    return step
  }
}
