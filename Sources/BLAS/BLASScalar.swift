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

  /// C ← Aᵀ A for A [k × n], in the lower triangle of C [n × n]; its other elements are not touched.
  @unsafe static func syrk(
    n: Int, k: Int, _ a: UnsafePointer<Self>, lda: Int, _ c: UnsafeMutablePointer<Self>, ldc: Int)

  /// The eigenvalues of a symmetric matrix in ascending order, and in place of the matrix a row for each of them, its
  /// eigenvector (LAPACK's syevd).
  ///
  /// - Parameters:
  ///   - a: [n × n]; its lower triangle is read.
  ///   - values: [n].
  ///   - work: [1 + 6 n + 2 n²].
  ///   - integers: [3 + 5 n].
  /// - Returns: false where it does not converge, as with elements that are not finite.
  @unsafe static func eigen(
    n: Int, _ a: UnsafeMutablePointer<Self>, values: UnsafeMutablePointer<Self>, work: UnsafeMutablePointer<Self>,
    integers: UnsafeMutablePointer<CInt>
  ) -> Bool

  /// The lower triangle of the inverse in place of that of a positive definite matrix [n × n] (LAPACK's potrf, potri).
  ///
  /// - Returns: false where the matrix is not positive definite.
  @unsafe static func invert(n: Int, _ a: UnsafeMutablePointer<Self>) -> Bool
}

// The functions of LAPACK take a row-major matrix for its transpose, so that its lower triangle is their upper one. They
// take words of one letter by their address; a string would be copied to the heap.
private let upperLetter = CChar(UInt8(ascii: "U"))
private let vectorsLetter = CChar(UInt8(ascii: "V"))

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

  @unsafe public static func syrk(
    n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    unsafe functions.ssyrk(
      rowMajor, CInt(OPENBLAS_LOWER), CInt(OPENBLAS_TRANSPOSE), CInt(n), CInt(k), 1, a, CInt(lda), 0, c, CInt(ldc))
  }

  @unsafe public static func eigen(
    n: Int, _ a: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, work: UnsafeMutablePointer<Float>,
    integers: UnsafeMutablePointer<CInt>
  ) -> Bool {
    var (order, workCount, integerCount, info) = (CInt(n), CInt(1 + 6 * n + 2 * n * n), CInt(3 + 5 * n), CInt(0))
    var (vectors, upper) = (vectorsLetter, upperLetter)
    unsafe functions.ssyevd(
      &vectors, &upper, &order, a, &order, values, work, &workCount, integers, &integerCount, &info, 1, 1)
    return info == 0
  }

  @unsafe public static func invert(n: Int, _ a: UnsafeMutablePointer<Float>) -> Bool {
    var (order, info, upper) = (CInt(n), CInt(0), upperLetter)
    unsafe functions.spotrf(&upper, &order, a, &order, &info, 1)
    guard info == 0 else { return false }
    unsafe functions.spotri(&upper, &order, a, &order, &info, 1)
    return info == 0
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

  @unsafe public static func syrk(
    n: Int, k: Int, _ a: UnsafePointer<Double>, lda: Int, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    unsafe functions.dsyrk(
      rowMajor, CInt(OPENBLAS_LOWER), CInt(OPENBLAS_TRANSPOSE), CInt(n), CInt(k), 1, a, CInt(lda), 0, c, CInt(ldc))
  }

  @unsafe public static func eigen(
    n: Int, _ a: UnsafeMutablePointer<Double>, values: UnsafeMutablePointer<Double>, work: UnsafeMutablePointer<Double>,
    integers: UnsafeMutablePointer<CInt>
  ) -> Bool {
    var (order, workCount, integerCount, info) = (CInt(n), CInt(1 + 6 * n + 2 * n * n), CInt(3 + 5 * n), CInt(0))
    var (vectors, upper) = (vectorsLetter, upperLetter)
    unsafe functions.dsyevd(
      &vectors, &upper, &order, a, &order, values, work, &workCount, integers, &integerCount, &info, 1, 1)
    return info == 0
  }

  @unsafe public static func invert(n: Int, _ a: UnsafeMutablePointer<Double>) -> Bool {
    var (order, info, upper) = (CInt(n), CInt(0), upperLetter)
    unsafe functions.dpotrf(&upper, &order, a, &order, &info, 1)
    guard info == 0 else { return false }
    unsafe functions.dpotri(&upper, &order, a, &order, &info, 1)
    return info == 0
  }
}
