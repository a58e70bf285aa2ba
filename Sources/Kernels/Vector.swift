private import Glibc

/// A view of contiguous numbers in an arena. A copy of it is another view of the same numbers; views keep their arena
/// alive.
@safe
public struct Vector<Scalar: Real> {
  @usableFromInline let arena: Arena<Scalar>
  @usableFromInline let offset: Int
  /// The number of elements.
  public let count: Int

  @inlinable
  init(_ arena: Arena<Scalar>, offset: Int, count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= arena.count, "a view must lie within its arena")
    self.arena = arena
    self.offset = offset
    self.count = count
  }

  /// The elements of this vector in `range`.
  @inlinable
  public subscript(range: Range<Int>) -> Vector {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a view must lie within its vector")
    return Vector(arena, offset: offset + range.lowerBound, count: range.count)
  }

  /// One element.
  @inlinable
  public subscript(index: Int) -> Scalar {
    get {
      precondition(index >= 0 && index < count, "an index must lie within its vector")
      return unsafe pointer[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "an index must lie within its vector")
      unsafe pointer[index] = newValue
    }
  }

  /// The first element. Valid while the arena lives: use it inside one expression that also holds the view.
  @unsafe @inlinable
  public var pointer: UnsafeMutablePointer<Scalar> { unsafe arena.base + offset }

  /// The elements as a row-major matrix.
  @inlinable
  public func matrix(rows: Int, columns: Int) -> Matrix<Scalar> {
    precondition(rows * columns == count, "a matrix must have as many elements as its vector")
    return Matrix(elements: self, rows: rows, columns: columns)
  }

  /// Calls `body` with the elements as a span.
  public func withMutableSpan<Result>(_ body: (inout MutableSpan<Scalar>) throws -> Result) rethrows -> Result {
    var span = unsafe MutableSpan(_unsafeStart: pointer, count: count)
    return try body(&span)
  }

  /// Calls `body` with the memory of the elements, for files and hashes.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let byteCount = count * MemoryLayout<Scalar>.stride
    return try unsafe body(UnsafeRawBufferPointer(start: pointer, count: byteCount))
  }

  /// A copy of the elements.
  public var array: [Scalar] { unsafe Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Overwrites all elements with one value.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fill(_ value: Scalar) { unsafe pointer.update(repeating: value, count: count) }

  /// Overwrites the elements with those of another vector of the same length.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func copy(from other: Vector) {
    precondition(other.count == count, "vectors that are copied must have equal lengths")
    unsafe pointer.update(from: other.pointer, count: count)
  }

  /// Overwrites the elements with those of an array of the same length.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func copy(from values: [Scalar]) {
    precondition(values.count == count, "values that are copied must fill the vector")
    unsafe values.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { unsafe pointer.update(from: start, count: count) }
    }
  }
}
