public import Kernels
public import Networks

/// (M11) The step of Deep Residual Partitioning: every weight goes to the minimum of its own one-dimensional quadratic.
public struct ResidualPartitioning: Equatable, Sendable {
  /// λ, scales the pessimistic bound: 1 minimises it, larger values trust that it is loose.
  public var learningRate: Double
  /// δ ≥ 0, added to every denominator.
  public var damping: Double

  public init(learningRate: Double, damping: Double) {
    (self.learningRate, self.damping) = (learningRate, damping)
  }

  /// w ← w − λ (Ẇ + ∇R) / (Ẅ + λ ∇²R + δ); where the denominator is 0, w stays.
  ///
  /// - Parameters:
  ///   - parameters: w, updated in place.
  ///   - sums: Ẇ and Ẅ as sums over the samples of the global minibatch, [parameters].
  ///   - samples: S, the number of samples in those sums.
  /// - Complexity: one pass over three arrays; allocates nothing.
  public func update<Scalar: Real>(
    _ parameters: Vector<Scalar>, sums: (wDot: Vector<Scalar>, wDDot: Vector<Scalar>), samples: Int,
    regularization: Regularization, layout: ParameterLayout
  ) {
    for block in layout.blocks {
      let (l2, l1) = regularization.strengths(block.role)
      partitionedStep(
        parameters[block.range], sums.wDot[block.range], sums.wDDot[block.range], perSample: 1 / Scalar(samples),
        rate: Scalar(learningRate), damping: Scalar(damping), l2: Scalar(l2), l1: Scalar(l1))
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func partitionedStep<Scalar: Real>(
  _ w: Vector<Scalar>, _ wDot: Vector<Scalar>, _ wDDot: Vector<Scalar>, perSample: Scalar, rate: Scalar,
  damping: Scalar, l2: Scalar, l1: Scalar
) {
  let base = rate * l2 + damping
  Kernels.update(w, wDot, wDDot) { w, wDot, wDDot in
    let sign: Scalar = w > 0 ? 1 : (w < 0 ? -1 : 0)
    let gradient = wDot * perSample + l2 * w + l1 * sign
    let denominator = wDDot * perSample + base
    let step = rate * gradient / denominator
    return denominator == 0 ? w : w - step
  }
}
