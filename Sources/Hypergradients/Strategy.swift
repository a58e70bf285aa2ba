/// How the derivatives of (M23) and (M24) are taken.
///
/// Passes over the samples of one hypergradient with B blocks of the student and C blocks of the teacher, on one rank and
/// besides the steps W' and V' themselves; F is a forward pass, B a backward pass, J a forward-mode pass along one direction.
///
/// | | two levels | three levels |
/// |---|---|---|
/// | all: v = ∇L | 1 F, 1 B | 1 F, 1 B |
/// | `nested` | 2C F | 1 F, 2B (F, B), then 2B · 2C F |
/// | `fused` | 2C F | 1 F, 2B F, 1 B, then 2C F |
/// | `exact` | 1 F, 1 J | 1 F, 1 (F, J), 1 B, then 1 F, 1 J |
///
/// The first F of three levels is the teacher's on the unlabelled inputs, at W'; what follows "then" is on the weighted
/// examples, at W; its forward pass falls away where the teacher's own step has just made it. ``PassCount`` counts them.
public enum Strategy: String, Codable, CaseIterable, Sendable {
  /// The sources' form: (M26) for every r^{±b} of (M25) by itself, combined with ±1/2α. Loses digits: Double only.
  case nested
  /// (M25) first, then (M26) along its sum: fewer passes, and no cancellation between nearly equal leaves.
  case fused
  /// Forward-mode derivatives: no radius, fewer passes.
  case exact
}
