private import COpenBLAS

/// A number type that OpenBLAS multiplies: Float and Double.
///
/// The functions take pointers and check nothing; `Kernels` wraps them in matrices that know their shapes.
/// All matrices are row-major; `ld` is the distance between two rows in elements.
public protocol BLASScalar {
  /// C ← α op(A) op(B) + β C with op(A) [m × k], op(B) [k × n], C [m × n].
  @unsafe static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Self, _ a: UnsafePointer<Self>, lda: Int, _ b: UnsafePointer<Self>, ldb: Int,
    beta: Self, _ c: UnsafeMutablePointer<Self>, ldc: Int)
}

private func operation(_ transpose: Bool) -> CBLAS_TRANSPOSE { transpose ? CblasTrans : CblasNoTrans }

extension Float: BLASScalar {
  @unsafe public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Float, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    beta: Float, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    unsafe cblas_sgemm(
      CblasRowMajor, operation(transposeA), operation(transposeB), blasint(m), blasint(n), blasint(k),
      alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
}

extension Double: BLASScalar {
  @unsafe public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Double, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>, ldb: Int,
    beta: Double, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    unsafe cblas_dgemm(
      CblasRowMajor, operation(transposeA), operation(transposeB), blasint(m), blasint(n), blasint(k),
      alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
}
