public import Kernels
public import Optimizers

/// The derivative of a step with respect to its gradient: P = −∂W'/∂g, a symmetric matrix, where g is the *sum* of the
/// samples' weighted gradients.
public enum StepDerivative<Scalar: Real> {
  /// ξ, the same for all parameters.
  case rate(Double)
  /// A number for each parameter: a preconditioner, or block rates. [parameters]
  case diagonal(Vector<Scalar>)
  /// (M31) v ↦ p ∘ (v P), with a number for each parameter and a matrix for each layer. The numbers of a unit's
  /// parameters are alike.
  case byUnit(Vector<Scalar>, UnitRoots<Scalar>)
}

/// A step in the space of parameters: its start, its end, and the derivative of its end with respect to its gradient.
public struct StepTaken<Scalar: Real> {
  /// W or V, [parameters].
  public var before: Vector<Scalar>
  /// W' or V', [parameters].
  public var after: Vector<Scalar>
  public var derivative: StepDerivative<Scalar>

  public init(before: Vector<Scalar>, after: Vector<Scalar>, derivative: StepDerivative<Scalar>) {
    precondition(before.count == after.count, "a step does not change the number of parameters")
    (self.before, self.after, self.derivative) = (before, after, derivative)
  }
}

extension StepDerivative {
  /// v ← P v, except for a common factor of P, which is returned; for a rate, v stays unchanged in memory.
  func scale(_ v: Vector<Scalar>) -> Double {
    switch self {
    case .rate(let rate): return rate
    case .diagonal(let p):
      multiply(v, by: p)
      return 1
    case .byUnit(let p, let roots):
      roots.apply(to: v)
      multiply(v, by: p)
      return 1
    }
  }

  /// w' ← w − P g.
  func step(from w: Vector<Scalar>, along g: Vector<Scalar>, into next: Vector<Scalar>) {
    switch self {
    case .rate(let rate): descend(w, g, rate: Scalar(rate), into: next)
    case .diagonal(let p): descend(w, g, p, into: next)
    case .byUnit(let p, let roots):
      next.copy(from: g)
      roots.apply(to: next)
      descend(w, next, p, into: next)
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
