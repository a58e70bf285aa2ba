private import CKernels
public import Kernels
internal import Networks

/// Step lengths that nobody has to choose: an estimate of how far the parameters have to go.
///
/// While the loss falls along g·(w₀ − w) the minimum is at least as far from the start w₀ as a weighted sum of these
/// products over the steps, divided by the size of the weighted sum of the gradients. In step t = 0, 1, …, with β = 0.999
/// and g = Ẇ + ∇R at w, before w moves, for each weight matrix and each bias vector b that is trained (by unit, b is a layer's
/// weights and biases together):
///
///     e_b = min(d_b, d)                   k = (1 − √β)(2²⁰ e_b)²
///     r_b ← √β r_b + k Σ g (w₀ − w)       s ← √β s + k g
///     d_b ← max(d_b, r_b/‖s_b‖₁)          d ← max(d, Σ_b r_b/Σ_b ‖s_b‖₁)
///     λ_b = min(d_b, d)/√(1 + (1 − β) t)
///
/// r and s start at 0; d takes up the new r_b and s_b. The 2²⁰ of k cancels in r/‖s‖₁; it keeps s within the range of Float.
/// r/‖s‖₁ is a lower bound of ‖w₀ − w*‖_∞ for a convex loss. The distances start at 10⁻⁶ and grow within some tens of
/// steps to what the problem needs; they never shrink, but the steps do, as they must where gradients are noisy.
///
/// The formula for one vector is Prodigy's (Mishchenko and Defazio, ICML 2024; D-Adaptation: Defazio and Mishchenko, ICML
/// 2023). What is not: every block has an estimate of its own, with that of all blocks together as its upper limit —
/// alone, the one is too long where gradients are noisy, the other where a network has a bottleneck — and the root.
public final class DistanceEstimate<Scalar: Real> {
  /// The initial value of every d: shorter than any distance that parameters cover.
  private static var start: Double { 1e-6 }
  /// β.
  private static var decay: Double { 0.999 }

  /// w₀, the parameters before the first update.
  public let origin: Arena<Scalar>
  /// s.
  public let sums: Arena<Scalar>
  /// t + 1.
  public var updates = 0
  /// r_b, one for each block of the layout; 0 for blocks that are not trained.
  public var products: [Double]
  /// d_b, one for each block of the layout.
  public var distances: [Double]
  /// d.
  public var distance = DistanceEstimate.start

  /// For each block of the layout, the blocks that share one estimate, itself among them; empty for all but the first.
  private let members: [[Int]]

  /// - Parameter sharing: the blocks that share one estimate; every other block has its own.
  init(_ layout: ParameterLayout, sharing groups: [[Int]] = []) {
    members = layout.blocks.indices.map { block in
      guard let group = groups.first(where: { $0.contains(block) }) else { return [block] }
      return group.first == block ? group : []
    }
    origin = Arena(count: layout.count)
    sums = Arena(count: layout.count)
    products = Array(repeating: 0, count: layout.blocks.count)
    distances = Array(repeating: Self.start, count: layout.blocks.count)
  }

  /// λ_b of a block of the layout in the present step.
  func stepLength(ofBlock index: Int) -> Double { distance(ofBlock: index) * shrinkage }

  /// The greatest λ_b that any block can have in the present step.
  public var longestStep: Double { distance * shrinkage }

  private func distance(ofBlock index: Int) -> Double { min(distances[index], distance) }

  /// 1/√(1 + (1 − β) t).
  private var shrinkage: Double { 1 / (1 + (1 - Self.decay) * Double(updates - 1)).squareRoot() }

  /// Starts a step; the first step stores its parameters as w₀.
  func begin(_ parameters: Vector<Scalar>, _ part: ParameterPart) {
    if updates == 0 {
      for range in part.ranges { origin.all[range].copy(from: parameters[range]) }
    }
    updates += 1
  }

  /// Accumulates the gradient of a part of a block, before its parameters are updated.
  ///
  /// - Parameter range: the range of the part in the arenas.
  /// - Returns: the part's share of Σ g (w₀ − w) and of ‖s_b‖₁.
  /// - Complexity: one pass over four arrays; allocates nothing.
  @inline(__always)
  func accumulate(
    _ block: BlockUpdate<Scalar>, _ range: Range<Int>, ofBlock index: Int
  ) -> (product: Double, magnitude: Double) {
    Optimizers.accumulate(
      block, origin: origin.all[range], sums: sums.all[range], keep: Scalar(Self.keep),
      gain: Scalar(gain(ofBlock: index)))
  }

  /// The same; the pass also updates the averages of the block and sums ‖Δw‖² for its layer scale.
  func accumulate(
    _ block: FusedPartitioning<Scalar>, _ range: Range<Int>, ofBlock index: Int
  ) -> (product: Double, magnitude: Double, squares: Double) {
    block.takeUp(origin: origin.all[range], sums: sums.all[range], keep: Self.keep, gain: gain(ofBlock: index))
  }

  /// √β.
  private static var keep: Double { decay.squareRoot() }

  /// k.
  private func gain(ofBlock index: Int) -> Double {
    let distance = distance(ofBlock: index)
    return (1 - Self.keep) * (distance * 0x1p20) * (distance * 0x1p20)
  }

  /// Finishes the estimate of a step, from the sums over all parts of every block.
  func takeUp(_ measures: StepMeasures, _ layout: ParameterLayout) {
    var (allProducts, allMagnitudes) = (0.0, 0.0)
    for (index, block) in layout.blocks.enumerated() where block.isTrained && !members[index].isEmpty {
      var (newProduct, magnitude) = (measures.products[index], measures.magnitudes[index])
      for other in members[index].dropFirst() {
        newProduct += measures.products[other]
        magnitude += measures.magnitudes[other]
      }
      let product = Self.keep * products[index] + gain(ofBlock: index) * newProduct
      let distance = longer(distances[index], product, magnitude)
      for member in members[index] { (products[member], distances[member]) = (product, distance) }
      allProducts += product
      allMagnitudes += magnitude
    }
    distance = longer(distance, allProducts, allMagnitudes)
  }

  /// max(d, r/‖s‖₁); d where the gradients were too small for s.
  private func longer(_ distance: Double, _ product: Double, _ magnitude: Double) -> Double {
    magnitude > 0 ? max(distance, product / magnitude) : distance
  }
}

/// s ← keep s + gain g for a block or a part of it, g = Ẇ/S + ∇R.
///
/// - Returns: Σ g (w₀ − w) and ‖s‖₁, summed in Double.
@inline(__always)
private func accumulate<Scalar: Real>(
  _ block: BlockUpdate<Scalar>, origin: Vector<Scalar>, sums: Vector<Scalar>, keep: Scalar, gain: Scalar
) -> (product: Double, magnitude: Double) {
  let (count, perSample, l2, l1) = (block.w.count, block.perSample, block.l2, block.l1)
  precondition(
    block.wDot.count == count && origin.count == count && sums.count == count, "vectors of a block have its length")
  // All four have `count` elements.
  let (w, wDot, start, s) = unsafe (block.w.pointer, block.wDot.pointer, origin.pointer, sums.pointer)
  var (product, magnitude) = (0.0, 0.0)
  for k in 0..<count {
    let weight = unsafe w[k]
    let gradient = unsafe regularized(wDot[k] * perSample, at: weight, l2: l2, l1: l1)
    let sum = unsafe keep * s[k] + gain * gradient
    unsafe s[k] = sum
    product = unsafe relaxed_add(product, Double(gradient) * Double(start[k] - weight))
    magnitude = relaxed_add(magnitude, Double(sum.magnitude))
  }
  return (product, magnitude)
}
