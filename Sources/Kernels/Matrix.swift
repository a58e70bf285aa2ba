/// A view of a row-major matrix in an arena; samples are rows.
public struct Matrix<Scalar: Real> {
  /// All elements, row by row.
  public let elements: Vector<Scalar>
  public let rows: Int
  public let columns: Int

  @inlinable
  init(elements: Vector<Scalar>, rows: Int, columns: Int) {
    self.elements = elements
    self.rows = rows
    self.columns = columns
  }

  /// A new matrix of zeros in an arena of its own.
  public init(rows: Int, columns: Int) {
    self.init(elements: Arena<Scalar>(count: rows * columns).all, rows: rows, columns: columns)
  }

  /// One row.
  @inlinable
  public subscript(row: Int) -> Vector<Scalar> { elements[row * columns..<(row + 1) * columns] }

  /// The first `count` rows.
  @inlinable
  public func prefix(_ count: Int) -> Matrix {
    Matrix(elements: elements[0..<count * columns], rows: count, columns: columns)
  }

  /// A range of rows.
  @inlinable
  public subscript(rows: Range<Int>) -> Matrix {
    Matrix(
      elements: elements[rows.lowerBound * columns..<rows.upperBound * columns], rows: rows.count, columns: columns)
  }

  /// One row as a matrix of its own.
  @inlinable
  public func row(_ index: Int) -> Matrix { self[index..<index + 1] }

  /// Whether both views start at the same element in memory.
  public func isSameMemory(as other: Matrix) -> Bool { unsafe elements.pointer == other.elements.pointer }

  /// Overwrites the matrix with a range of columns of another matrix that has as many rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func copy(columns source: Range<Int>, of other: Matrix) {
    precondition(other.rows == rows && source.count == columns, "a matrix of columns has their shape")
    for row in 0..<rows { self[row].copy(from: other[row][source]) }
  }

  /// A copy of the rows.
  public var array: [[Scalar]] { (0..<rows).map { self[$0].array } }
}
