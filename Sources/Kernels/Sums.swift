internal import BLAS

extension Vector {
  /// Σ_k x_k y_k.
  public func dot(_ other: Vector) -> Scalar {
    precondition(other.count == count, "vectors of a dot product must have equal lengths")
    return unsafe Scalar.dot(count: count, pointer, other.pointer)
  }

  /// Σ_k |x_k|.
  public var magnitudeSum: Scalar { unsafe Scalar.asum(count: count, pointer) }

  /// x ← α x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scale(by factor: Scalar) { update(self) { factor * $0 } }

  /// x ← x + α y.
  public func add(_ other: Vector, times factor: Scalar = 1) {
    precondition(other.count == count, "vectors that are added must have equal lengths")
    unsafe Scalar.axpy(count: count, alpha: factor, other.pointer, pointer)
  }

  /// y_k ← |x_k|.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func magnitudes(into y: Vector) { map(self, into: y) { $0.magnitude } }
}

extension Matrix {
  /// Adds the rows: sums ← sums + Σ_s row_s, or sums ← Σ_s row_s when not accumulating.
  public func sumRows(into sums: Vector<Scalar>, accumulating: Bool) {
    precondition(sums.count == columns, "a sum of rows has one element for each column")
    if !accumulating { sums.fill(0) }
    for row in 0..<rows { sums.add(self[row]) }
  }
}
