internal import Kernels

// The loops of batch normalisation: loops over the units of one sample, where vectors with one number for each unit
// come after those of the sample, and sums over samples in Double.

/// y ← (x − m) ∘ c.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func subtractAndScale<Scalar: Real>(
  _ x: Vector<Scalar>, _ m: Vector<Scalar>, _ c: Vector<Scalar>, into y: Vector<Scalar>
) {
  map(x, m, c, into: y) { ($0 - $1) * $2 }
}

/// y ← x ∘ a + b.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func scaleAndAdd<Scalar: Real>(
  _ x: Vector<Scalar>, _ a: Vector<Scalar>, _ b: Vector<Scalar>, into y: Vector<Scalar>
) {
  map(x, a, b, into: y) { $0 * $1 + $2 }
}

/// y ← |x| + 1.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func magnitudesPlusOne<Scalar: Real>(_ x: Vector<Scalar>, into y: Vector<Scalar>) {
  map(x, into: y) { $0.magnitude + 1 }
}

/// (M4) u⁺ ← s (|ẑ| + 1) + |a| ∘ u.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func passTotalGradient<Scalar: Real>(
  _ normalized: Vector<Scalar>, _ u: Vector<Scalar>, _ a: Vector<Scalar>, times s: Scalar, into above: Vector<Scalar>
) {
  map(normalized, u, a, into: above) { s * ($0.magnitude + 1) + $2.magnitude * $1 }
}

/// z ← z ∘ |a|.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func scaleByMagnitudes<Scalar: Real>(_ z: Vector<Scalar>, _ a: Vector<Scalar>) {
  update(z, a) { $0 * $1.magnitude }
}

/// (M13) z ← z + s |Ẏ| ∘ c.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addMagnitudes<Scalar: Real>(of yDot: Vector<Scalar>, scaledBy c: Vector<Scalar>, _ s: Scalar, to z: Vector<Scalar>)
{
  update(z, yDot, c) { $0 + s * $1.magnitude * $2 }
}

/// y ← y + x ∘ a.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addProducts<Scalar: Real>(of x: Vector<Scalar>, _ a: Vector<Scalar>, to y: Vector<Scalar>) {
  update(y, x, a) { $0 + $1 * $2 }
}

/// Ẏ ← a ∘ Ẏ + ẑ ∘ p + q.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func passThroughStatistics<Scalar: Real>(
  _ yDot: Vector<Scalar>, _ normalized: Vector<Scalar>, _ a: Vector<Scalar>, _ p: Vector<Scalar>, _ q: Vector<Scalar>
) {
  update(yDot, normalized, a, p, q) { $0 * $2 + $1 * $3 + $4 }
}

/// average ← average + rate (value − average).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func moveAverage<Scalar: Real>(_ averages: Vector<Scalar>, toward values: Vector<Double>, rate: Double) {
  for k in 0..<averages.count {
    averages[k] = Scalar(Double(averages[k]) + rate * (values[k] - Double(averages[k])))
  }
}

/// x ← x + y, each sum rounded once.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func add<Scalar: Real>(_ y: Vector<Double>, to x: Vector<Scalar>) {
  for k in 0..<x.count { x[k] = Scalar(Double(x[k]) + y[k]) }
}

/// sums_k ← sums_k + Σ_s x_sk.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addRows<Scalar: Real>(_ x: Matrix<Scalar>, to sums: Vector<Double>) {
  Kernels.addRows(x, into: sums) { Double($0) }
}

/// sums_k ← sums_k + Σ_s x_sk y_sk.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addProducts<Scalar: Real>(_ x: Matrix<Scalar>, _ y: Matrix<Scalar>, to sums: Vector<Double>) {
  Kernels.addRows(x, y, into: sums) { Double($0) * Double($1) }
}

/// sums_k ← sums_k + Σ_s |x_sk| y_sk.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addMagnitudeProducts<Scalar: Real>(_ x: Matrix<Scalar>, _ y: Matrix<Scalar>, to sums: Vector<Double>) {
  Kernels.addRows(x, y, into: sums) { Double($0.magnitude) * Double($1) }
}

/// sums_k ← sums_k + Σ_s (x_sk − m_k)².
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addSquaredDeviations<Scalar: Real>(_ x: Matrix<Scalar>, from m: Vector<Double>, to sums: Vector<Double>) {
  Kernels.addRows(x, with: m, into: sums) { ($0 - $1) * ($0 - $1) }
}
