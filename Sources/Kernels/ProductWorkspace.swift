private import CMatrixKernels

/// Memory in which the kernels of matrix products put blocks of their factors in order; made before the first step.
public struct ProductWorkspace<Scalar: Real> {
  private(set) var numbers: Vector<Scalar>

  /// Room for no product; ``reserve(rows:columns:terms:)`` makes it larger.
  public init() { numbers = Arena(count: 0).all }

  /// Makes room for a product whose result is [rows × columns], of sums of `terms` terms, and for any smaller one,
  /// on as many threads as there are now.
  public mutating func reserve(rows: Int, columns: Int, terms: Int) {
    let count = matrix_product_workspace(rows, columns, terms) * Int(matrix_kernel_threads())
    if count > numbers.count { numbers = Arena(count: count).all }
  }

  func checkRoom(rows: Int, columns: Int, terms: Int) {
    precondition(
      matrix_product_workspace(rows, columns, terms) <= numbers.count, "room for a product must be reserved before it")
  }
}
