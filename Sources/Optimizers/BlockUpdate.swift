internal import Kernels
internal import Networks

/// Everything that the update of one block of parameters reads and writes.
struct BlockUpdate<Scalar: Real> {
  /// w, and the sums Ẇ and Ẅ over the samples.
  let w: Vector<Scalar>
  let wDot: Vector<Scalar>
  let wDDot: Vector<Scalar>?
  /// m and v, where the rule keeps them.
  let first: Vector<Scalar>?
  let second: Vector<Scalar>?
  /// How many samples m and v have taken up, with those of this step.
  let firstUpdates: Int
  let secondUpdates: Int
  /// 1/S.
  let perSample: Scalar
  /// ρ₂ and ρ₁ of (M2).
  let l2: Scalar
  let l1: Scalar

  init(
    _ block: ParameterLayout.Block, parameters: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int,
    state: OptimizerState<Scalar>, regularization: Regularization
  ) {
    w = parameters[block.range]
    wDot = sums.wDot[block.range]
    wDDot = sums.wDDot.map { $0[block.range] }
    first = state.first.map { $0.all[block.range] }
    second = state.second.map { $0.all[block.range] }
    (firstUpdates, secondUpdates) = (state.firstUpdates, state.secondUpdates)
    perSample = 1 / Scalar(samples)
    let strengths = regularization.strengths(block.role)
    (l2, l1) = (Scalar(strengths.l2), Scalar(strengths.l1))
  }

  /// m with decay β.
  func firstAverage(decay: Double) -> StoredAverage<Scalar> {
    guard let first else { preconditionFailure("the optimizer's state must be made for its rule") }
    return StoredAverage(first, decay: decay, updates: firstUpdates)
  }

  /// v with decay β.
  func secondAverage(decay: Double, isCorrected: Bool = true) -> StoredAverage<Scalar> {
    guard let second else { preconditionFailure("the optimizer's state must be made for its rule") }
    return StoredAverage(second, decay: decay, updates: secondUpdates, isCorrected: isCorrected)
  }
}
