public import Kernels
internal import Networks

extension Optimizer {
  /// The step of the weights as ``update(_:sums:samples:state:rate:regularization:layout:part:)`` would take it, bit by bit.
  ///
  /// - Parameters: as there.
  /// - Precondition: the optimizer ``isWeightStep``, and Ẅ is new in every step.
  public func weightStep<Scalar: Real>(
    samples: Int, rate: Double, regularization: Regularization
  ) -> WeightStep<Scalar> {
    precondition(isWeightStep, "a step that depends on more than a weight's own sums cannot be taken with them")
    let strengths = regularization.strengths(.weight)
    let l2 = Scalar(strengths.l2)
    return WeightStep(
      rate: Scalar(rate), perSample: 1 / Scalar(samples), l2: l2, l1: Scalar(strengths.l1),
      base: weightStepBase(rate: rate, l2: l2))
  }
}
