internal import Kernels
internal import Networks

/// What the update of all parameters reads and writes in one step.
struct ParameterUpdate<Scalar: Real> {
  /// w.
  let parameters: Vector<Scalar>
  /// The sums Ẇ and Ẅ over the samples.
  let sums: StatisticsSlice<Scalar>
  /// S.
  let samples: Int
  let state: OptimizerState<Scalar>
  /// α or λ.
  let rate: Double
  let regularization: Regularization
  let layout: ParameterLayout

  /// A block, or a part of it.
  ///
  /// - Parameter range: in the arenas, within the block's.
  func block(_ index: Int, _ range: Range<Int>) -> BlockUpdate<Scalar> {
    BlockUpdate(self, role: layout.blocks[index].role, range)
  }
}

/// Everything that the update of a block of parameters, or of a part of it, reads and writes.
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

  fileprivate init(_ update: ParameterUpdate<Scalar>, role: ParameterShape.Role, _ range: Range<Int>) {
    w = update.parameters[range]
    wDot = update.sums.wDot[range]
    wDDot = update.sums.wDDot.map { $0[range] }
    first = update.state.first.map { $0.all[range] }
    second = update.state.second.map { $0.all[range] }
    (firstUpdates, secondUpdates) = (update.state.firstUpdates, update.state.secondUpdates)
    perSample = 1 / Scalar(update.samples)
    let strengths = update.regularization.strengths(role)
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
