private import CMatrixKernels

/// Memory in which the kernels of matrix products put blocks of their factors in order; made before the first step. Products
/// that follow one another share it.
public final class ProductWorkspace<Scalar: Real> {
  private(set) var numbers: Vector<Scalar>

  /// How many numbers it holds.
  public var count: Int { numbers.count }

  /// Room for no product; ``reserve(rows:columns:terms:)`` makes it larger.
  public init() { numbers = Arena(count: 0).all }

  /// Makes room for a product whose result is [rows × columns], of sums of `terms` terms, and for any smaller one,
  /// on as many threads as there are now.
  public func reserve(rows: Int, columns: Int, terms: Int) {
    let count = matrix_product_workspace(rows, columns, terms) * Int(matrix_kernel_threads())
    if count > numbers.count { numbers = Arena(count: count).all }
  }

  /// The same for a product that is a step of weights [rows × columns], see `moveByProducts`.
  public func reserveStep(rows: Int, columns: Int, terms: Int) {
    let count = matrix_step_workspace(rows, columns, terms) * Int(matrix_kernel_threads())
    if count > numbers.count { numbers = Arena(count: count).all }
  }

  func checkRoom(rows: Int, columns: Int, terms: Int, isStep: Bool) {
    let count = isStep ? matrix_step_workspace(rows, columns, terms) : matrix_product_workspace(rows, columns, terms)
    precondition(count <= numbers.count, "room for a product must be reserved before it")
  }
}
