internal import BLAS
private import CKernels

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

/// Memory in which the kernels of matrix products pack blocks of their factors; allocated before the first step.
/// Consecutive products share it.
public final class ProductWorkspace<Scalar: Real> {
  private(set) var numbers: Vector<Scalar>

  /// How many numbers it holds.
  public var count: Int { numbers.count }

  /// An empty workspace; ``reserve(rows:columns:terms:isStep:)`` enlarges it.
  public init() { numbers = Arena(count: 0).all }

  /// Makes room for a product with a result [rows × columns], whose elements are sums of `terms` terms, and for any
  /// smaller product, on the current number of threads.
  ///
  /// - Parameter isStep: whether the product updates weights [rows × columns], see `moveByProducts`.
  public func reserve(rows: Int, columns: Int, terms: Int, isStep: Bool = false) {
    let needed = Self.room(rows, columns, terms, isStep) * Int(matrix_kernel_threads())
    if needed > count { numbers = Arena(count: needed).all }
  }

  func checkRoom(rows: Int, columns: Int, terms: Int, isStep: Bool) {
    precondition(Self.room(rows, columns, terms, isStep) <= count, "room for a product must be reserved before it")
  }

  /// The numbers that one thread needs.
  private static func room(_ rows: Int, _ columns: Int, _ terms: Int, _ isStep: Bool) -> Int {
    isStep ? matrix_step_workspace(rows, columns, terms) : matrix_product_workspace(rows, columns, terms)
  }
}
