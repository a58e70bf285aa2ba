private import CKernels
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
private func decrease<Scalar: Real>(
  _ before: Vector<Scalar>, _ after: Vector<Scalar>, _ wDot: Vector<Scalar>, perSample: Double, l2: Double, l1: Double
) -> Double {
  precondition(after.count == before.count && wDot.count == before.count, "vectors of a block have its length")
  var block = unsafe parameter_block(
    count: before.count, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
    w: before.pointer, w_dot: wDot.pointer, w_ddot: nil, m: nil, v: nil, per_sample: perSample, w_ddot_per_sample: 0,
    l2: l2, l1: l1, m_decay: 0, v_decay: 0, m_correction: 1, v_correction: 1, base: 0, is_root: 0)
  return unsafe parameters_decrease(&block, after.pointer)
}
