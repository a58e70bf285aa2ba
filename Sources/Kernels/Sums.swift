private import CKernels

extension Vector {
  /// Σ_k x_k y_k, in an order that depends on the length alone.
  public func dot(_ other: Vector) -> Scalar {
    precondition(other.count == count, "vectors of a dot product must have equal lengths")
    return unsafe Scalar.sumOfProducts(count: count, pointer, other.pointer)
  }

  /// Σ_k |x_k|, likewise.
  public var magnitudeSum: Scalar { unsafe Scalar.sumOfMagnitudes(count: count, pointer) }

  /// Σ_k x_k², added in Double.
  public var squareSum: Double { unsafe sum_squares(Scalar.precision == .float64 ? 1 : 0, count, pointer) }

  /// x ← α x; returns Σ_k x_k² of the result, added in Double.
  public func scaleSummingSquares(by factor: Scalar) -> Double {
    unsafe scale_summing_squares(Scalar.precision == .float64 ? 1 : 0, count, pointer, Double(factor))
  }

  /// x ← α x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scale(by factor: Scalar) { update(self) { factor * $0 } }

  /// x ← x + y.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func add(_ other: Vector) { update(self, other) { $0 + $1 } }

  /// x ← x + α y. Every element is rounded twice, wherever it lies.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func add(_ other: Vector, times factor: Scalar) { update(self, other) { $0 + factor * $1 } }

  /// y_k ← |x_k|.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func magnitudes(into y: Vector) { map(self, into: y) { $0.magnitude } }
}

extension Matrix {
  /// Adds up the rows, or some of their columns: sums ← sums + Σ_s row_s, or sums ← Σ_s row_s when not accumulating.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sumRows(columns part: Range<Int>? = nil, into sums: Vector<Scalar>, accumulating: Bool) {
    let part = part ?? 0..<columns
    precondition(
      part.lowerBound >= 0 && part.upperBound <= columns && sums.count == part.count,
      "a sum of rows has one element for each column")
    // The part lies within every row.
    unsafe matrix_sum_rows(
      widest_instruction_set(), Scalar.precision == .float64 ? 1 : 0, rows, part.count,
      elements.pointer + part.lowerBound, columns, sums.pointer, accumulating ? 1 : 0)
  }

  /// Sets every element of row s to Σ_j |x_sj| + c.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fillRows(withMagnitudeSumsOf x: Matrix, plus c: Scalar) {
    precondition(x.rows == rows, "every row is a number of the row of the same sample")
    let (source, first) = unsafe (x.elements.pointer, elements.pointer)
    for row in 0..<rows {
      let sum = unsafe Scalar.sumOfMagnitudes(count: x.columns, source + row * x.columns) + c
      unsafe (first + row * columns).update(repeating: sum, count: columns)
    }
  }

  /// sums_s ← Σ_j |x_sj| + c.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func magnitudeSums(plus c: Scalar, into sums: Vector<Scalar>) {
    precondition(sums.count == rows, "a matrix has one sum for each row")
    let (source, sums) = unsafe (elements.pointer, sums.pointer)
    for row in 0..<rows { unsafe sums[row] = Scalar.sumOfMagnitudes(count: columns, source + row * columns) + c }
  }

  /// norms_s ← √(Σ_j x_sj² + c).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func norms(plus c: Scalar, into norms: Vector<Scalar>) {
    precondition(norms.count == rows, "a matrix has one norm for each row")
    for row in 0..<rows {
      let square = self[row].dot(self[row]) + c
      guard square < .leastNormalMagnitude / .ulpOfOne || !square.isFinite else {
        norms[row] = square.squareRoot()
        continue
      }
      // Squares outside the range of Float are numbers of Double.
      var sum = Double(c)
      for column in 0..<columns {
        let x = Double(self[row][column])
        sum += x * x
      }
      norms[row] = Scalar(sum.squareRoot())
    }
  }

  /// Overwrites every element of row s with one number.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fillRows(with numbers: Vector<Scalar>) {
    precondition(numbers.count == rows, "a matrix has one number for each row")
    for row in 0..<rows { self[row].fill(numbers[row]) }
  }
}

// Sums over the rows of matrices in Double, column by column. They are inlined into the caller, which must be
// specialised for Float and Double; the sums must not overlap the arguments.

/// sums_k ← sums_k + Σ_s f(a_sk).
@inlinable @inline(__always)
public func addRows<S: Real>(_ a: Matrix<S>, into sums: Vector<Double>, _ f: (S) -> Double) {
  precondition(sums.count == a.columns, "a sum of rows has one element for each column")
  let (n, sums) = unsafe (sums.count, sums.pointer)
  for row in 0..<a.rows {
    let a = unsafe a[row].pointer
    for k in 0..<n { unsafe sums[k] += f(a[k]) }
  }
}

/// sums_k ← sums_k + Σ_s f(a_sk, b_sk).
@inlinable @inline(__always)
public func addRows<S: Real>(
  _ a: Matrix<S>, _ b: Matrix<S>, into sums: Vector<Double>, _ f: (S, S) -> Double
) {
  precondition(sums.count == a.columns, "a sum of rows has one element for each column")
  precondition(a.rows == b.rows && a.columns == b.columns, "matrices whose rows are summed must have equal shapes")
  let (n, sums) = unsafe (sums.count, sums.pointer)
  for row in 0..<a.rows {
    let (a, b) = unsafe (a[row].pointer, b[row].pointer)
    for k in 0..<n { unsafe sums[k] += f(a[k], b[k]) }
  }
}

/// sums_k ← sums_k + Σ_s f(a_sk, c_k), with one number c_k for each column.
@inlinable @inline(__always)
public func addRows<S: Real>(
  _ a: Matrix<S>, with c: Vector<Double>, into sums: Vector<Double>, _ f: (Double, Double) -> Double
) {
  precondition(sums.count == a.columns && c.count == a.columns, "a sum of rows has one element for each column")
  let (n, c, sums) = unsafe (sums.count, c.pointer, sums.pointer)
  for row in 0..<a.rows {
    let a = unsafe a[row].pointer
    for k in 0..<n { unsafe sums[k] += f(Double(a[k]), c[k]) }
  }
}
