import Kernels
import TestSupport
import Testing

/// Products and factors of symmetric matrices, against plain loops in Double.
@Suite struct SymmetricMatrixTests {
  @Test(arguments: [1, 2, 7, 40]) func `a product by itself, its eigenvectors and its inverse`(n: Int) {
    check(n, as: Double.self, tolerance: 1e-12)
    check(n, as: Float.self, tolerance: 1e-4)
  }

  private func check<S: Real>(_ n: Int, as _: S.Type, tolerance: Double) {
    var random = SmallRandom(seed: UInt64(n))
    let rows = 2 * n + 3
    let a = Matrix<S>(rows: rows, columns: n)
    for k in 0..<a.elements.count { a.elements[k] = S(random.uniform(-1...1)) }
    let product = Matrix<S>(rows: n, columns: n)
    product.elements.fill(.nan)
    multiplyByItself(transposed: a, into: product)
    let expected = (0..<n).map { i in
      (0..<n).map { j in (0..<rows).reduce(0.0) { $0 + Double(a[$1][i]) * Double(a[$1][j]) } }
    }
    for i in 0..<n {
      for j in 0..<n {
        if j > i {
          #expect(product[i][j].isNaN, "only a triangle is written")
        } else {
          #expect((Double(product[i][j]) - expected[i][j]).magnitude <= tolerance * Double(rows))
        }
      }
    }
    let columns = n / 3..<n
    let part = Matrix<S>(rows: columns.count, columns: columns.count)
    multiplyByItself(transposed: a, columns: columns, into: part)
    for i in columns {
      for j in columns.lowerBound...i {
        let found = Double(part[i - columns.lowerBound][j - columns.lowerBound])
        #expect((found - expected[i][j]).magnitude <= tolerance * Double(rows))
      }
    }
    let packed = Arena<S>(count: Matrix<S>.triangleCount(n)).all
    product.packLowerTriangle(into: packed)
    let (vectors, inverse) = (Matrix<S>(rows: n, columns: n), Matrix<S>(rows: n, columns: n))
    vectors.unpackLowerTriangle(from: packed)
    inverse.unpackLowerTriangle(from: packed)
    let eigen = EigenDecomposition<S>(largest: n + 1)
    #expect(eigen.decompose(vectors) && invert(inverse))
    for i in 0..<n {
      #expect(i == 0 || eigen.values[i - 1] <= eigen.values[i])
      for j in 0..<n {
        let sum = (0..<n).reduce(0.0) {
          $0 + Double(eigen.values[$1]) * Double(vectors[$1][i]) * Double(vectors[$1][j])
        }
        #expect((sum - expected[i][j]).magnitude <= tolerance * Double(rows))
        let one = (0..<n).reduce(0.0) { $0 + Double(inverse[i][$1]) * expected[$1][j] }
        #expect((one - (i == j ? 1 : 0)).magnitude <= 100 * tolerance)
      }
    }
  }

  @Test func `what has no factors says so`() {
    let a = Matrix<Double>(rows: 3, columns: 3)
    for k in 0..<3 { a[k][k] = k == 1 ? -1 : 1 }
    #expect(!invert(a))
    a[2][0] = .nan
    #expect(!EigenDecomposition(largest: 3).decompose(a))
  }
}
