internal import BLAS

/// C ← A Bᵀ + β C, for A [samples × inputs], B [outputs × inputs], C [samples × outputs]. β = 0 ignores what C held.
public func multiply<Scalar: Real>(
  _ a: Matrix<Scalar>, transposed b: Matrix<Scalar>, into c: Matrix<Scalar>, beta: Scalar = 0
) {
  precondition(a.columns == b.columns && c.rows == a.rows && c.columns == b.rows, "shapes of A Bᵀ must fit")
  guard c.rows > 0, c.columns > 0 else { return }
  unsafe Scalar.gemm(
    transposeA: false, transposeB: true, m: c.rows, n: c.columns, k: a.columns,
    alpha: 1, a.elements.pointer, lda: max(1, a.columns), b.elements.pointer, ldb: max(1, b.columns),
    beta: beta, c.elements.pointer, ldc: c.columns)
}

/// C ← A B + β C, for A [samples × outputs], B [outputs × inputs], C [samples × inputs]. β = 0 ignores what C held.
public func multiply<Scalar: Real>(
  _ a: Matrix<Scalar>, _ b: Matrix<Scalar>, into c: Matrix<Scalar>, beta: Scalar = 0
) {
  precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns, "shapes of A B must fit")
  guard c.rows > 0, c.columns > 0 else { return }
  unsafe Scalar.gemm(
    transposeA: false, transposeB: false, m: c.rows, n: c.columns, k: a.columns,
    alpha: 1, a.elements.pointer, lda: max(1, a.columns), b.elements.pointer, ldb: max(1, b.columns),
    beta: beta, c.elements.pointer, ldc: c.columns)
}

/// C ← Aᵀ B + β C, for A [samples × outputs], B [samples × inputs], C [outputs × inputs]. β = 0 ignores what C held.
public func multiply<Scalar: Real>(
  transposed a: Matrix<Scalar>, _ b: Matrix<Scalar>, into c: Matrix<Scalar>, beta: Scalar = 0
) {
  precondition(a.rows == b.rows && c.rows == a.columns && c.columns == b.columns, "shapes of Aᵀ B must fit")
  guard c.rows > 0, c.columns > 0 else { return }
  unsafe Scalar.gemm(
    transposeA: true, transposeB: false, m: c.rows, n: c.columns, k: a.rows,
    alpha: 1, a.elements.pointer, lda: max(1, a.columns), b.elements.pointer, ldb: max(1, b.columns),
    beta: beta, c.elements.pointer, ldc: c.columns)
}
