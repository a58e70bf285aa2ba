internal import Kernels
internal import Networks

/// λ_max(D^−½ H D^−½) with D = Ẅ: how nearly the bound is attained in its worst direction; at most 1 where it holds.
///
/// H is found by polarisation, H(v, w) = (q(v + w) − q(v) − q(w))/2 with q(v) = vᵀ H v, of unit vectors that are scaled by
/// D^−½ first, so that every entry is as exact as 1. Weights with D = 0 are left out; they must have no curvature.
struct Tightness {
  /// D below it counts as 0: its inverse root would not be exact.
  private static let smallest = 1e-250

  /// nil where no weight has D > 0.
  let value: Double?
  /// The blocks that hold a weight with D = 0 and an entry in its row of H.
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
    let scaled = Matrix<Double>(rows: kept.count, columns: kept.count)
    for (row, i) in kept.enumerated() { scaled[row].copy(from: kept.map { hessian[i][$0] }) }
    value = kept.isEmpty ? nil : largestEigenvalue(scaled)
    let left = weights.indices.filter { i in
      bound.curvature[weights[i]] < Self.smallest && hessian[i].array.contains { $0.magnitude > BoundCheck.tolerance }
    }
    uncovered = blocks.filter { block in left.contains { block.range.contains(weights[$0]) } }.map(\.name)
  }
}
