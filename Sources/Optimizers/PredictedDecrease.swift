public import Kernels
public import Networks

/// (M15) p = −(Ẇ + ∇R)·Δw, the decrease of J that the gradient predicts for a step, summed in Double.
///
/// - Parameters:
///   - before: w, at which the gradient was computed.
///   - after: w + Δw.
///   - sums: Ẇ as a sum over the samples of the global minibatch, without R, at `before`.
///   - samples: S, the number of samples in that sum.
///   - part: the parameters of which the sums are known; nil for all.
///   - blocks: the blocks whose step is meant; nil for all.
/// - Complexity: one pass over three arrays; allocates nothing.
public func predictedDecrease<Scalar: Real>(
  from before: Vector<Scalar>, to after: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int,
  regularization: Regularization, layout: ParameterLayout, part: ParameterPart? = nil, blocks: [Int]? = nil
) -> Double {
  layout.blocks.indices.reduce(0) { total, index in
    let block = layout.blocks[index]
    guard block.isTrained, blocks?.contains(index) ?? true else { return total }
    let (l2, l1) = regularization.strengths(block.role)
    let range = part?.ranges[index] ?? block.range
    return total
      + decrease(before[range], after[range], sums.wDot[range], perSample: 1 / Double(samples), l2: l2, l1: l1)
  }
}

/// Σ g (before − after) of one block.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func decrease<Scalar: Real>(
  _ before: Vector<Scalar>, _ after: Vector<Scalar>, _ wDot: Vector<Scalar>, perSample: Double, l2: Double, l1: Double
) -> Double {
  (0..<before.count).reduce(0) { total, k in
    let w = Double(before[k])
    return total + regularized(Double(wDot[k]) * perSample, at: w, l2: l2, l1: l1) * (w - Double(after[k]))
  }
}
