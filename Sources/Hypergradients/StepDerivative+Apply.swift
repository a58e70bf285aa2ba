internal import Kernels

extension StepDerivative {
  /// v ← P ∘ v but for a factor that all of P has, which is returned: a rate moves no memory.
  func scale(_ v: Vector<Scalar>) -> Double {
    switch self {
    case .rate(let rate): return rate
    case .diagonal(let p):
      multiply(v, by: p)
      return 1
    }
  }

  /// w' ← w − P ∘ g.
  func step(from w: Vector<Scalar>, along g: Vector<Scalar>, into next: Vector<Scalar>) {
    switch self {
    case .rate(let rate): descend(w, g, rate: Scalar(rate), into: next)
    case .diagonal(let p): descend(w, g, p, into: next)
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func multiply<Scalar: Real>(_ v: Vector<Scalar>, by p: Vector<Scalar>) {
  update(v, p) { $0 * $1 }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func descend<Scalar: Real>(
  _ w: Vector<Scalar>, _ g: Vector<Scalar>, rate: Scalar, into next: Vector<Scalar>
) {
  map(w, g, into: next) { w, g in w - rate * g }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func descend<Scalar: Real>(
  _ w: Vector<Scalar>, _ g: Vector<Scalar>, _ p: Vector<Scalar>, into next: Vector<Scalar>
) {
  map(w, g, p, into: next) { w, g, p in w - p * g }
}
