/// y_k ← f(a_k).
///
/// The elementwise loops are inlined into the caller, which must be specialised for Float and Double. Inputs and outputs
/// may be the same view.
@inlinable @inline(__always)
public func map<S: Real>(_ a: Vector<S>, into y: Vector<S>, _ f: (S) -> S) {
  precondition(y.count == a.count, "elementwise operands must have equal lengths")
  let (n, a, y) = unsafe (a.count, a.pointer, y.pointer)
  for k in 0..<n { unsafe y[k] = f(a[k]) }
}

/// y_k ← f(a_k, b_k).
@inlinable @inline(__always)
public func map<S: Real>(_ a: Vector<S>, _ b: Vector<S>, into y: Vector<S>, _ f: (S, S) -> S) {
  precondition(b.count == a.count && y.count == a.count, "elementwise operands must have equal lengths")
  let (n, a, b, y) = unsafe (a.count, a.pointer, b.pointer, y.pointer)
  for k in 0..<n { unsafe y[k] = f(a[k], b[k]) }
}

/// y_k ← f(a_k, b_k, c_k).
@inlinable @inline(__always)
public func map<S: Real>(
  _ a: Vector<S>, _ b: Vector<S>, _ c: Vector<S>, into y: Vector<S>, _ f: (S, S, S) -> S
) {
  precondition(
    b.count == a.count && c.count == a.count && y.count == a.count, "elementwise operands must have equal lengths")
  let (n, a, b, c, y) = unsafe (a.count, a.pointer, b.pointer, c.pointer, y.pointer)
  for k in 0..<n { unsafe y[k] = f(a[k], b[k], c[k]) }
}

/// (y_k, z_k) ← f(a_k).
@inlinable @inline(__always)
public func map<S: Real>(_ a: Vector<S>, into y: Vector<S>, _ z: Vector<S>, _ f: (S) -> (S, S)) {
  precondition(y.count == a.count && z.count == a.count, "elementwise operands must have equal lengths")
  let (n, a, y, z) = unsafe (a.count, a.pointer, y.pointer, z.pointer)
  for k in 0..<n { unsafe (y[k], z[k]) = f(a[k]) }
}

/// (y_k, z_k) ← f(a_k, b_k).
@inlinable @inline(__always)
public func map<S: Real>(_ a: Vector<S>, _ b: Vector<S>, into y: Vector<S>, _ z: Vector<S>, _ f: (S, S) -> (S, S)) {
  precondition(
    b.count == a.count && y.count == a.count && z.count == a.count, "elementwise operands must have equal lengths")
  let (n, a, b, y, z) = unsafe (a.count, a.pointer, b.pointer, y.pointer, z.pointer)
  for k in 0..<n { unsafe (y[k], z[k]) = f(a[k], b[k]) }
}

/// y_k ← f(a_k, b_k, c_k, d_k, e_k).
@inlinable @inline(__always)
public func map<S: Real>(
  _ a: Vector<S>, _ b: Vector<S>, _ c: Vector<S>, _ d: Vector<S>, _ e: Vector<S>, into y: Vector<S>,
  _ f: (S, S, S, S, S) -> S
) {
  precondition(
    b.count == a.count && c.count == a.count && d.count == a.count && e.count == a.count && y.count == a.count,
    "elementwise operands must have equal lengths")
  let (n, a, b, c, d, e, y) = unsafe (a.count, a.pointer, b.pointer, c.pointer, d.pointer, e.pointer, y.pointer)
  for k in 0..<n { unsafe y[k] = f(a[k], b[k], c[k], d[k], e[k]) }
}
