public import Kernels
internal import Networks

/// Everything that the update of a block of parameters, or of a part of it, reads and writes.
public struct BlockUpdate<Scalar: Real> {
  /// w, and the sums Ẇ and Ẅ over the samples.
  public let w: Vector<Scalar>
  public let wDot: Vector<Scalar>
  public let wDDot: Vector<Scalar>?
  /// m and v, where the optimizer keeps them.
  public let first: Vector<Scalar>?
  public let second: Vector<Scalar>?
  /// How many samples m and v have taken up, with those of this step.
  public let firstUpdates: Int
  public let secondUpdates: Int
  /// α or λ: that of the step, times the length that was found for the block.
  public let rate: Double
  /// What the block's layer scale is found from, see ``OptimizerState/blockSquares``.
  let meanSquare: Double
  /// 1/S.
  public let perSample: Scalar
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
    (firstUpdates, secondUpdates) = (update.state.firstUpdates, update.state.secondUpdates)
    rate = update.rate * (update.state.distance?.stepLength(ofBlock: index) ?? 1)
    meanSquare = update.state.blockSquares[index]
    perSample = 1 / Scalar(update.samples)
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
