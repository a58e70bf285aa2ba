internal import BLAS

// Products and factors of symmetric matrices, by OpenBLAS and its LAPACK. A matrix [n × n] is given by its lower triangle:
// the elements above the diagonal are not read.

/// C ← Aᵀ A for A [rows × n] or some of its columns, in the lower triangle of C [n × n].
public func multiplyByItself<Scalar: Real>(
  transposed a: Matrix<Scalar>, columns: Range<Int>? = nil, into c: Matrix<Scalar>
) {
  let columns = columns ?? 0..<a.columns
  precondition(columns.lowerBound >= 0 && columns.upperBound <= a.columns, "columns of A are multiplied")
  precondition(c.rows == columns.count && c.columns == columns.count, "shapes of Aᵀ A must fit")
  guard c.rows > 0 else { return }
  guard a.rows > 0 else { return c.elements.fill(0) }
  unsafe Scalar.syrk(
    n: columns.count, k: a.rows, a.elements.pointer + columns.lowerBound, lda: a.columns, c.elements.pointer,
    ldc: c.columns)
}

/// The eigenvalues of symmetric matrices and their eigenvectors, with the memory that LAPACK needs for them.
public final class EigenDecomposition<Scalar: Real> {
  /// In ascending order, [n]; those of the last matrix.
  public private(set) var values: Vector<Scalar>
  private let work: Vector<Scalar>
  private var integers: [CInt]
  private let largest: Int

  /// - Parameter largest: the most rows that a matrix has.
  public init(largest n: Int) {
    largest = n
    values = Arena(count: n).all
    work = Arena(count: EigenDecomposition.workCount(n)).all
    integers = Array(repeating: 0, count: 3 + 5 * n)
  }

  /// The numbers of the workspace for matrices of n rows.
  public static func workCount(_ n: Int) -> Int { 1 + 6 * n + 2 * n * n }

  /// Replaces a symmetric matrix by its eigenvectors, one in each row, and sets ``values``.
  ///
  /// - Returns: false where LAPACK finds none, as with elements that are not finite.
  /// - Complexity: about 9 n³ operations; allocates nothing.
  public func decompose(_ a: Matrix<Scalar>) -> Bool {
    precondition(a.rows == a.columns && a.rows <= largest, "a matrix must be square and fit the workspace")
    let n = a.rows
    guard n > 0 else { return true }
    // LAPACK promises nothing for numbers that are not finite.
    for row in 0..<n {
      for column in 0...row where !a[row][column].isFinite { return false }
    }
    return unsafe integers.withUnsafeMutableBufferPointer { integers in
      guard let integers = integers.baseAddress else { return false }
      return unsafe Scalar.eigen(
        n: n, a.elements.pointer, values: values.pointer, work: work.pointer, integers: integers)
    }
  }
}

/// A ← A⁻¹ for a positive definite matrix, whole: both triangles are written.
///
/// - Returns: false where the matrix is not positive definite.
/// - Complexity: n³ operations.
public func invert<Scalar: Real>(_ a: Matrix<Scalar>) -> Bool {
  precondition(a.rows == a.columns, "a matrix that is inverted must be square")
  guard a.rows > 0 else { return true }
  guard unsafe Scalar.invert(n: a.rows, a.elements.pointer) else { return false }
  a.mirrorLowerTriangle()
  return true
}

extension Matrix {
  /// Writes the elements above the diagonal of a square matrix from those below it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mirrorLowerTriangle() {
    precondition(rows == columns, "only a square matrix has triangles")
    // Both indices lie in the matrix.
    let a = unsafe elements.pointer
    for row in 0..<rows {
      for column in 0..<row { unsafe a[column * columns + row] = a[row * columns + column] }
    }
  }

  /// The number of elements of the lower triangle of a matrix [n × n], with the diagonal.
  public static func triangleCount(_ n: Int) -> Int { n * (n + 1) / 2 }

  /// Copies the lower triangle to a vector, row after row.
  public func packLowerTriangle(into packed: Vector<Scalar>) {
    forEachRowOfTriangle(packed) { row, part in part.copy(from: row) }
  }

  /// Sets the lower triangle from such a vector.
  public func unpackLowerTriangle(from packed: Vector<Scalar>) {
    forEachRowOfTriangle(packed) { row, part in row.copy(from: part) }
  }

  /// Calls `body` with each row up to its diagonal, and with its place in a packed triangle.
  private func forEachRowOfTriangle(_ packed: Vector<Scalar>, _ body: (Vector<Scalar>, Vector<Scalar>) -> Void) {
    precondition(rows == columns && packed.count == Self.triangleCount(rows), "a packed triangle has its elements")
    var start = 0
    for row in 0..<rows {
      body(self[row][0..<row + 1], packed[start..<start + row + 1])
      start += row + 1
    }
  }
}
