public import Kernels
public import Networks

extension Network {
  /// The gradient by forward differences, one weight at a time: `Ẇ_p ← (C(w + ε e_p) − C(w))/ε`, where C is the sum of
  /// the rows' losses. Since C is a sum over rows, the results of all shards add up to the result of the whole
  /// minibatch.
  ///
  /// The error is O(ε), plus the rounding of C divided by ε. Each weight is restored from a copy, so the parameters
  /// keep their bits. The network is used as in evaluation, without dropout and with the running averages of batch
  /// normalisation. Allocates nothing.
  ///
  /// - Parameters:
  ///   - inputs: [rows × inputs]; they must fit the reserved workspaces.
  ///   - targets: [rows × outputs].
  ///   - step: ε.
  ///   - wDot: Ẇ, [``layout``.count]; overwritten.
  /// - Returns: C(w), without regularisation.
  /// - Complexity: one forward pass for each parameter and one more; no communication.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func finiteDifferenceGradient(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, step: Double,
    into wDot: Vector<Scalar>
  ) -> Double {
    precondition(
      parameters.count == layout.count && wDot.count == layout.count, "Ẇ must have one element for each parameter")
    precondition(step > 0, "a difference needs a step")
    func cost() -> Double {
      _ = forward(inputs, parameters: parameters)
      return self.loss(loss, targets: targets)
    }
    let start = cost()
    for p in 0..<parameters.count {
      let kept = parameters[p]
      parameters[p] = kept + Scalar(step)
      wDot[p] = Scalar((cost() - start) / step)
      parameters[p] = kept
    }
    return start
  }
}
