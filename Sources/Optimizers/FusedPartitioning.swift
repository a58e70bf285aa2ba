private import CKernels
internal import Kernels

/// The loops of a step with the standard settings — both averages, an adaptive scale, a length that is found — for the
/// widest vectors of the processor: in one pass what ``DistanceEstimate`` and ``StepLoop`` do in one each, and the move.
@safe
struct FusedPartitioning<Scalar: Real> {
  private let update: BlockUpdate<Scalar>
  private let block: parameter_block

  /// nil where the rule's settings are others.
  ///
  /// - Parameter base: what is added to v̂.
  init?(_ rule: ResidualPartitioning, _ update: BlockUpdate<Scalar>, base: Scalar) {
    guard rule.findsLength, rule.layerScale == .adaptive, update.first != nil, update.second != nil else { return nil }
    self.update = update
    unsafe block = update.parameterBlock(
      momentum: rule.momentum, decay: rule.curvatureDecay, base: base, isRoot: rule.curvaturePower == .half)
  }

  /// Averages and s take up the statistics: g = Ẇ/S + ∇R, s ← keep s + gain g.
  ///
  /// - Returns: the block's share of Σ g (w₀ − w), ‖s_b‖₁ and ‖Δw‖² of the unsmoothed step.
  func takeUp(
    origin: Vector<Scalar>, sums: Vector<Scalar>, keep: Double, gain: Double
  ) -> (product: Double, magnitude: Double, squares: Double) {
    precondition(
      origin.count == update.w.count && sums.count == update.w.count, "vectors of a block have its length")
    let found = unsafe withUnsafePointer(to: block) {
      unsafe partitioning_take_up($0, origin.pointer, sums.pointer, keep, gain)
    }
    return (found.product, found.magnitude, found.squares)
  }

  /// w ← w − scale m̂/(v̂ + base)ᵖ.
  func move(scale: Scalar) {
    unsafe withUnsafePointer(to: block) { unsafe partitioning_move($0, Double(scale)) }
  }
}
