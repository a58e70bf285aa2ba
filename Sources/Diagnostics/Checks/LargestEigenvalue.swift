internal import Kernels

/// λ_max of a symmetric matrix: the least x for which x − A has a Cholesky factor, found by bisection between the largest
/// diagonal element and Gershgorin's bound.
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

/// Whether x − A has a Cholesky factor L Lᵀ; writes as much of L as there is, row by row.
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
