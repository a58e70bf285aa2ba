public import Kernels

/// How far a step moves the parameters for the gradient that it is taken along: P = −∂W'/∂g, a diagonal, with g the *sum* of
/// the samples' weighted gradients.
public enum StepDerivative<Scalar: Real> {
  /// ξ for all parameters.
  case rate(Double)
  /// A number for each parameter: a preconditioner, or block rates. [parameters]
  case diagonal(Vector<Scalar>)
}

/// Where in the space of parameters a step was taken: from, to, and how its end moves with its gradient.
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
