internal import CKernels
internal import Kernels

// Steps for the widest vectors of the processor, by the loops of CKernels.

extension BlockUpdate {
  /// What a loop reads and writes; valid as long as the update holds the memory.
  ///
  /// - Parameters:
  ///   - momentum, decay: β₁ of m and β₂ of v; not used where there is no memory for them.
  ///   - base: what is added to the denominator.
  @unsafe
  func parameterBlock(
    momentum: Double = 0, decay: Double = 0, base: Scalar = 0, isRoot: Bool = false
  ) -> parameter_block {
    // All arrays have the block's length.
    unsafe parameter_block(
      count: w.count, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      w: w.pointer, w_dot: wDot.pointer, w_ddot: wDDot?.pointer, m: first?.pointer, v: second?.pointer,
      per_sample: Double(perSample), l2: Double(l2), l1: Double(l1), m_decay: momentum, v_decay: decay,
      m_correction: first == nil ? 1 : StoredAverage<Scalar>.correction(decay: momentum, updates: firstUpdates),
      v_correction: second == nil ? 1 : StoredAverage<Scalar>.correction(decay: decay, updates: secondUpdates),
      base: Double(base), is_root: isRoot ? 1 : 0)
  }

  /// (M17) A step of ``SGD``: what its ``StepLoop`` does.
  func descend() {
    var block = unsafe parameterBlock()
    unsafe parameters_descend(&block, rate)
  }

  /// (M17) A step of ``Adam``: what its ``StepLoop`` does.
  func move(by adam: Adam) {
    precondition(first != nil && second != nil, "the state must be made for its optimizer")
    var block = unsafe parameterBlock(momentum: adam.momentum, decay: adam.decay, base: Scalar(adam.epsilon))
    unsafe parameters_step_by_adam(&block, rate)
  }

  /// (M11) A step of ``ResidualPartitioning`` with Ẅ of this step, without averages and scale.
  ///
  /// - Parameter base: what is added to Ẅ/S.
  func divide(by power: CurvaturePower, base: Scalar) {
    precondition(wDDot != nil, "a step by Ẅ needs it")
    var block = unsafe parameterBlock(base: base, isRoot: power == .half)
    unsafe parameters_divide(&block, rate)
  }
}
