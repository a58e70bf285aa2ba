// Sums over the rows of matrices in Double, column by column. They are inlined into the caller, which must be
// specialised for Float and Double; sums overlap none of the arguments.

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
