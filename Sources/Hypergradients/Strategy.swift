/// How the derivatives of (M23) and (M24) are computed.
///
/// The table lists the passes over the samples for one hypergradient on one rank, without the steps W' and V'
/// themselves. The student has B blocks and the teacher C blocks. F is a forward pass, B a backward pass, J a
/// forward-mode pass along one direction.
///
/// | | two levels | three levels |
/// |---|---|---|
/// | all: v = ∇L | 1 F, 1 B | 1 F, 1 B |
/// | `nested` | 2C F | 1 F, 2B (F, B), then 2B · 2C F |
/// | `fused` | 2C F | 1 F, 2B F, 1 B, then 2C F |
/// | `exact` | 1 F, 1 J | 1 F, 1 (F, J), 1 B, then 1 F, 1 J |
///
/// The first F of three levels is the teacher's on the unlabelled inputs, at W'. The passes after "then" are on the
/// weighted examples, at W. `exact` skips its forward pass on these examples if the teacher's own step has just done
/// it. ``PassCount`` counts the passes.
public enum Strategy: String, Codable, CaseIterable, Sendable {
  /// The form of the sources: (M26) for every r^{±b} of (M25) separately, combined with ±1/2α. Loses digits: Double
  /// only.
  case nested
  /// (M25) first, then (M26) along its sum: fewer passes, and no cancellation between nearly equal terms.
  case fused
  /// Forward-mode derivatives: no radius, fewer passes.
  case exact
}
