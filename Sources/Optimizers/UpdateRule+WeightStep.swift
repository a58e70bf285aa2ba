public import Kernels
internal import Networks

extension UpdateRule {
  /// Whether the step of a weight follows from its own Ẇ and Ẅ of the present minibatch alone, so that it can be taken where
  /// they are formed: plain gradient descent, and (M11) without averages, scales and lengths that are found.
  public var isWeightStep: Bool {
    switch self {
    case .sgd: true
    case .momentum, .rmsprop, .adam: false
    case .residualPartitioning(let rule):
      !hasFirstAverage && !hasSecondAverage && !findsLength && rule.layerScale == .none && rule.curvaturePower == .one
    }
  }

  /// The step of the weights as ``update(_:sums:samples:state:rate:regularization:layout:part:)`` would take it, bit by bit.
  ///
  /// - Parameters: as there.
  /// - Precondition: the rule ``isWeightStep``, and Ẅ is new in every step.
  public func weightStep<Scalar: Real>(
    samples: Int, rate: Double, regularization: Regularization
  ) -> WeightStep<Scalar> {
    precondition(isWeightStep, "a step that depends on more than a weight's own sums cannot be taken with them")
    let strengths = regularization.strengths(.weight)
    let l2 = Scalar(strengths.l2)
    var base = Scalar(0)
    if case .residualPartitioning(let rule) = self { base = rule.base(rate: rate, l2: l2) }
    return WeightStep(
      rate: Scalar(rate), perSample: 1 / Scalar(samples), l2: l2, l1: Scalar(strengths.l1), base: base)
  }
}
