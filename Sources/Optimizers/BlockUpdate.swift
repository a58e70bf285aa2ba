internal import CKernels
public import Kernels
public import Networks

/// All data that the update of a block of parameters, or of a part of a block, reads and writes.
public struct BlockUpdate<Scalar: Real> {
  /// w, and the sums Ẇ and Ẅ over the samples.
  public let w: Vector<Scalar>
  public let wDot: Vector<Scalar>
  public let wDDot: Vector<Scalar>?
  /// m and v, where the optimizer keeps these averages.
  public let first: Vector<Scalar>?
  public let second: Vector<Scalar>?
  /// (M31) D, where the block's step is by unit.
  let direction: Vector<Scalar>?
  /// The number that makes D the D of (M31), see ``UnitCurvature/magnitude(ofBlock:)``.
  let magnitude: Double
  /// The numbers of samples in m and in v, including the sample of this step.
  public let firstUpdates: Int
  public let secondUpdates: Int
  /// α or λ of the step, multiplied by the length that was found or measured for the block.
  public let rate: Double
  /// (M32) c: v̂, and Ẅ times ``curvaturePerSample``, are 2^c times what is here.
  let exponent: Int
  /// The mean square from which the block's layer scale is computed, see ``OptimizerState/blockSquares``.
  let meanSquare: Double
  /// 1/S.
  public let perSample: Scalar
  /// (M32) The same for Ẅ: 2^(b−c)/S.
  let curvaturePerSample: Scalar
  /// ρ₂ and ρ₁ of (M2).
  public let l2: Scalar
  public let l1: Scalar

  @inline(__always)
  init(_ update: ParameterUpdate<Scalar>, _ index: Int, _ range: Range<Int>) {
    w = update.parameters[range]
    wDot = update.sums.wDot[range]
    wDDot = update.sums.wDDot.map { $0[range] }
    first = update.state.first.map { $0.all[range] }
    second = update.state.second.map { $0.all[range] }
    let units = update.state.units
    direction = units.flatMap { $0.contains(block: index) ? $0.directions[range] : nil }
    magnitude = units?.magnitude(ofBlock: index) ?? 1
    (firstUpdates, secondUpdates) = (update.state.firstUpdates, update.state.secondUpdates)
    rate = update.rate * update.state.stepLength(ofBlock: index)
    exponent = update.state.curvatureExponents[index]
    meanSquare = update.state.blockSquares[index]
    perSample = 1 / Scalar(update.samples)
    let sumsExponent = update.sums.exponents.isEmpty ? 0 : update.sums.exponents[index]
    curvaturePerSample =
      sumsExponent == exponent ? perSample : perSample * .power(ofTwo: sumsExponent - exponent)
    let strengths = update.regularization.strengths(update.layout.blocks[index].role)
    (l2, l1) = (Scalar(strengths.l2), Scalar(strengths.l1))
  }

  /// g = Ẇ/S + ∇R of element `k`.
  public func gradient(_ k: Int) -> Scalar { regularized(wDot[k] * perSample, at: w[k], l2: l2, l1: l1) }

  /// m with decay β.
  func firstAverage(decay: Double) -> StoredAverage<Scalar> {
    guard let first else { preconditionFailure("the state must be made for its optimizer") }
    return StoredAverage(first, decay: decay, updates: firstUpdates)
  }

  /// v with decay β.
  func secondAverage(decay: Double, isCorrected: Bool = true) -> StoredAverage<Scalar> {
    guard let second else { preconditionFailure("the state must be made for its optimizer") }
    return StoredAverage(second, decay: decay, updates: secondUpdates, isCorrected: isCorrected)
  }
}

extension BlockUpdate {
  /// ‖g‖² and ‖m‖², summed in Double; m, not corrected, is g where the optimizer has no average.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func gradientSquares() -> (gradient: Double, average: Double) {
    var squares = 0.0
    for k in 0..<w.count {
      let g = Double(gradient(k))
      squares = relaxed_add(squares, g * g)
    }
    return (squares, first?.squareSum ?? squares)
  }
}

// The steps with the processor's widest vector instructions, by the loops of CKernels.

extension BlockUpdate {
  /// The arguments of a loop of CKernels; valid as long as this update keeps the memory alive.
  ///
  /// - Parameters:
  ///   - momentum, decay: β₁ of m and β₂ of v; not used where the optimizer does not keep that average.
  ///   - base: the number that is added to the denominator.
  @unsafe
  func parameterBlock(
    momentum: Double = 0, decay: Double = 0, base: Scalar = 0, isRoot: Bool = false
  ) -> parameter_block {
    // All arrays have the block's length.
    unsafe parameter_block(
      count: w.count, instructions: widest_instruction_set(), is_double: Scalar.precision == .float64 ? 1 : 0,
      w: w.pointer, w_dot: wDot.pointer, w_ddot: wDDot?.pointer, m: first?.pointer, v: second?.pointer,
      per_sample: Double(perSample), w_ddot_per_sample: Double(curvaturePerSample), l2: Double(l2), l1: Double(l1),
      m_decay: momentum, v_decay: decay,
      m_correction: first == nil ? 1 : StoredAverage<Scalar>.correction(decay: momentum, updates: firstUpdates),
      v_correction: second == nil ? 1 : StoredAverage<Scalar>.correction(decay: decay, updates: secondUpdates),
      base: Double(base), is_root: isRoot ? 1 : 0)
  }

  /// (M17) A step of ``SGD``: the same computation as its ``StepLoop``.
  func descend() {
    var block = unsafe parameterBlock()
    unsafe parameters_descend(&block, rate)
  }

  /// (M17) A step of ``Adam``: the same computation as its ``StepLoop``.
  func move(by adam: Adam) {
    precondition(first != nil && second != nil, "the state must be made for its optimizer")
    var block = unsafe parameterBlock(momentum: adam.momentum, decay: adam.decay, base: Scalar(adam.epsilon))
    unsafe parameters_step_by_adam(&block, rate)
  }

  /// m ← β m + (1 − β) g; where the optimizer has no average, m is `gradients`, and β is 0.
  ///
  /// - Returns: ‖g‖² and ‖m‖², summed in Double.
  func takeUpGradient(momentum: Double, into gradients: Vector<Scalar>?) -> (gradient: Double, average: Double) {
    var block = unsafe parameterBlock(momentum: momentum)
    if first == nil {
      guard let gradients, gradients.count == w.count else { preconditionFailure("gradients need memory") }
      unsafe (block.m, block.m_decay) = (UnsafeMutableRawPointer(gradients.pointer), 0)
    }
    let found = unsafe parameters_average(&block)
    return (found.gradient, found.average)
  }

  /// (M11) A step of ``ResidualPartitioning`` with Ẅ of this step, without averages and without a layer scale.
  ///
  /// - Parameters:
  ///   - base: the number that is added to Ẅ/S.
  ///   - rate: λ, with the exponent of Ẅ.
  func divide(by power: CurvaturePower, base: Scalar, rate: Double) {
    precondition(wDDot != nil, "a step by Ẅ needs it")
    var block = unsafe parameterBlock(base: base, isRoot: power == .half)
    unsafe parameters_divide(&block, rate)
  }
}

/// All data that the update of all parameters, or of a part of them, reads and writes in one step.
public struct ParameterUpdate<Scalar: Real> {
  /// w.
  public let parameters: Vector<Scalar>
  /// The sums Ẇ and Ẅ over the samples.
  public let sums: StatisticsSlice<Scalar>
  /// S.
  public let samples: Int
  public let state: OptimizerState<Scalar>
  /// α or λ.
  public let rate: Double
  public let regularization: Regularization
  public let layout: ParameterLayout
  public let part: ParameterPart

  /// The elements of a block that belong to the part.
  public func block(_ index: Int) -> BlockUpdate<Scalar> { block(index, part.ranges[index]) }

  /// A block, or a part of it.
  ///
  /// - Parameter range: elements of the arenas, within the range of the block.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func block(_ index: Int, _ range: Range<Int>) -> BlockUpdate<Scalar> { BlockUpdate(self, index, range) }
}
