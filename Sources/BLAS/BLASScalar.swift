private import COpenBLAS

/// A number type that OpenBLAS multiplies: Float or Double.
///
/// The functions take pointers and check nothing; `Kernels` wraps them in matrices that know their shapes. All matrices
/// are row-major; `ld` is the distance between two rows in elements. The caller should have opened OpenBLAS
/// (``BLASLibrary/open()``): if it cannot be opened, these functions end the process.
public protocol BLASScalar {
  /// C ← α op(A) op(B) + β C with op(A) [m × k], op(B) [k × n], C [m × n].
  @unsafe static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Self, _ a: UnsafePointer<Self>, lda: Int, _ b: UnsafePointer<Self>, ldb: Int,
    beta: Self, _ c: UnsafeMutablePointer<Self>, ldc: Int)
}

private let rowMajor = CInt(OPENBLAS_ROW_MAJOR)

private func operation(_ transpose: Bool) -> CInt {
  CInt(transpose ? OPENBLAS_TRANSPOSE : OPENBLAS_NO_TRANSPOSE)
}

private var functions: openblas_library {
  switch OpenBLAS.shared {
  case .success(let library): return unsafe library.functions
  case .failure(let error): preconditionFailure(error.description)
  }
}

extension Float: BLASScalar {
  @unsafe public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Float, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    beta: Float, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    unsafe functions.sgemm(
      rowMajor, operation(transposeA), operation(transposeB), CInt(m), CInt(n), CInt(k),
      alpha, a, CInt(lda), b, CInt(ldb), beta, c, CInt(ldc))
  }
}

extension Double: BLASScalar {
  @unsafe public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int,
    alpha: Double, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>, ldb: Int,
    beta: Double, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    unsafe functions.dgemm(
      rowMajor, operation(transposeA), operation(transposeB), CInt(m), CInt(n), CInt(k),
      alpha, a, CInt(lda), b, CInt(ldb), beta, c, CInt(ldc))
  }
}
