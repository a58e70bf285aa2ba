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
