private import CKernels

/// Memory in which the kernels of matrix products put blocks of their factors in order; made before the first step. Products
/// that follow one another share it.
public final class ProductWorkspace<Scalar: Real> {
  private(set) var numbers: Vector<Scalar>

  /// How many numbers it holds.
  public var count: Int { numbers.count }

  /// Room for no product; ``reserve(rows:columns:terms:isStep:)`` makes it larger.
  public init() { numbers = Arena(count: 0).all }

  /// Makes room for a product whose result is [rows × columns], of sums of `terms` terms, and for any smaller one,
  /// on as many threads as there are now.
  ///
  /// - Parameter isStep: whether the product is a step of weights [rows × columns], see `moveByProducts`.
  public func reserve(rows: Int, columns: Int, terms: Int, isStep: Bool = false) {
    let needed = Self.room(rows, columns, terms, isStep) * Int(matrix_kernel_threads())
    if needed > count { numbers = Arena(count: needed).all }
  }

  func checkRoom(rows: Int, columns: Int, terms: Int, isStep: Bool) {
    precondition(Self.room(rows, columns, terms, isStep) <= count, "room for a product must be reserved before it")
  }

  /// On one thread.
  private static func room(_ rows: Int, _ columns: Int, _ terms: Int, _ isStep: Bool) -> Int {
    isStep ? matrix_step_workspace(rows, columns, terms) : matrix_product_workspace(rows, columns, terms)
  }
}
