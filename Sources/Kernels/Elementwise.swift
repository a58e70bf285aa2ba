// Elementwise loops. They are inlined into the caller, which must be specialised for Float and Double. Results must be
// in other memory than the arguments, unless a function says "in place". An overlap that the compiler cannot see would
// keep a loop from being vectorised.

/// y_k ← f(a_k).
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

/// In place: x_k ← f(x_k).
@inlinable @inline(__always)
public func update<S: Real>(_ x: Vector<S>, _ f: (S) -> S) {
  let (n, x) = unsafe (x.count, x.pointer)
  for k in 0..<n { unsafe x[k] = f(x[k]) }
}

/// In place: x_k ← f(x_k, a_k).
@inlinable @inline(__always)
public func update<S: Real>(_ x: Vector<S>, _ a: Vector<S>, _ f: (S, S) -> S) {
  precondition(a.count == x.count, "elementwise operands must have equal lengths")
  let (n, x, a) = unsafe (x.count, x.pointer, a.pointer)
  for k in 0..<n { unsafe x[k] = f(x[k], a[k]) }
}

/// In place: x_k ← f(x_k, a_k, b_k).
@inlinable @inline(__always)
public func update<S: Real>(_ x: Vector<S>, _ a: Vector<S>, _ b: Vector<S>, _ f: (S, S, S) -> S) {
  precondition(a.count == x.count && b.count == x.count, "elementwise operands must have equal lengths")
  let (n, x, a, b) = unsafe (x.count, x.pointer, a.pointer, b.pointer)
  for k in 0..<n { unsafe x[k] = f(x[k], a[k], b[k]) }
}

/// In place: x_k ← f(x_k, a_k, b_k, c_k, d_k).
@inlinable @inline(__always)
public func update<S: Real>(
  _ x: Vector<S>, _ a: Vector<S>, _ b: Vector<S>, _ c: Vector<S>, _ d: Vector<S>, _ f: (S, S, S, S, S) -> S
) {
  precondition(
    a.count == x.count && b.count == x.count && c.count == x.count && d.count == x.count,
    "elementwise operands must have equal lengths")
  let (n, x, a, b, c, d) = unsafe (x.count, x.pointer, a.pointer, b.pointer, c.pointer, d.pointer)
  for k in 0..<n { unsafe x[k] = f(x[k], a[k], b[k], c[k], d[k]) }
}

/// In place: (x_k, y_k) ← f(x_k, y_k).
@inlinable @inline(__always)
public func update<S: Real>(_ x: Vector<S>, _ y: Vector<S>, _ f: (S, S) -> (S, S)) {
  precondition(y.count == x.count, "elementwise operands must have equal lengths")
  let (n, x, y) = unsafe (x.count, x.pointer, y.pointer)
  for k in 0..<n { unsafe (x[k], y[k]) = f(x[k], y[k]) }
}

/// In place: (x_k, y_k, z_k) ← f(x_k, y_k, z_k).
@inlinable @inline(__always)
public func update<S: Real>(_ x: Vector<S>, _ y: Vector<S>, _ z: Vector<S>, _ f: (S, S, S) -> (S, S, S)) {
  precondition(y.count == x.count && z.count == x.count, "elementwise operands must have equal lengths")
  let (n, x, y, z) = unsafe (x.count, x.pointer, y.pointer, z.pointer)
  for k in 0..<n { unsafe (x[k], y[k], z[k]) = f(x[k], y[k], z[k]) }
}

/// In place: (x_k, y_k) ← f(x_k, y_k, a_k, b_k, c_k).
@inlinable @inline(__always)
public func update<S: Real>(
  _ x: Vector<S>, _ y: Vector<S>, _ a: Vector<S>, _ b: Vector<S>, _ c: Vector<S>, _ f: (S, S, S, S, S) -> (S, S)
) {
  precondition(
    y.count == x.count && a.count == x.count && b.count == x.count && c.count == x.count,
    "elementwise operands must have equal lengths")
  let (n, x, y, a, b, c) = unsafe (x.count, x.pointer, y.pointer, a.pointer, b.pointer, c.pointer)
  for k in 0..<n { unsafe (x[k], y[k]) = f(x[k], y[k], a[k], b[k], c[k]) }
}

/// y ← e^x for each element; `x` and `y` may be the same view.
public func exp<Scalar: Real>(_ x: Vector<Scalar>, into y: Vector<Scalar>) {
  precondition(x.count == y.count, "elementwise operands must have equal lengths")
  unsafe Scalar.vectorExp(count: x.count, x.pointer, y.pointer)
}

/// y ← log(1 + x) for each element; `x` and `y` may be the same view.
public func log1p<Scalar: Real>(_ x: Vector<Scalar>, into y: Vector<Scalar>) {
  precondition(x.count == y.count, "elementwise operands must have equal lengths")
  unsafe Scalar.vectorLog1p(count: x.count, x.pointer, y.pointer)
}
