private import CVectorMath
public import Kernels
internal import Networks

/// Step lengths that nobody has to choose: an estimate of how far the parameters have to go.
///
/// While the loss falls along g·(w₀ − w) the minimum is at least as far from the start w₀ as a weighted sum of these
/// products over the steps, divided by the size of the weighted sum of the gradients. Per step, with B = √0.999, for each
/// weight matrix and each bias vector b with its present length λ_b:
///
///     k = (1 − B) λ_b²
///     r_b ← B r_b + k Σ g (w₀ − w)        s ← B s + k g
///     d_b ← max(d_b, r_b/‖s_b‖₁)          d ← max(d, Σ_b r_b/Σ_b ‖s_b‖₁)          λ_b = min(d_b, d)
///
/// r/‖s‖₁ is a lower bound of ‖w₀ − w*‖_∞ for a convex loss. The lengths start at 10⁻⁶ and grow within some tens of steps
/// to what the problem needs; they never shrink. The formula for one vector is Prodigy's (Mishchenko and Defazio, ICML
/// 2024; D-Adaptation: Defazio and Mishchenko, ICML 2023). Here every block has an estimate of its own, and that of all
/// blocks together is its upper limit: alone, the one is too long where gradients are noisy, the other where the network
/// has a bottleneck.
public final class DistanceEstimate<Scalar: Real> {
  /// d of all blocks before the first step: short of any distance that parameters go.
  public static var start: Double { 1e-6 }
  /// B.
  private static var decay: Double { 0.999.squareRoot() }

  /// w₀; those of the first update.
  private let origin: Arena<Scalar>
  /// s.
  private let sums: Arena<Scalar>
  private var hasOrigin = false
  /// r_b and d_b.
  private var products: [Double]
  private var lengths: [Double]
  /// d, the estimate over all blocks.
  public private(set) var length = DistanceEstimate.start

  init(_ layout: ParameterLayout) {
    origin = Arena(count: layout.count)
    sums = Arena(count: layout.count)
    products = Array(repeating: 0, count: layout.blocks.count)
    lengths = Array(repeating: Self.start, count: layout.blocks.count)
  }

  /// λ_b of a block of the layout.
  func length(ofBlock index: Int) -> Double { min(lengths[index], length) }

  /// Takes up the gradient of one step, before the parameters move.
  ///
  /// - Complexity: one pass over four arrays; allocates nothing.
  func takeUp(
    _ parameters: Vector<Scalar>, sums statistics: StatisticsSlice<Scalar>, samples: Int,
    regularization: Regularization, layout: ParameterLayout
  ) {
    if !hasOrigin {
      origin.all.copy(from: parameters)
      hasOrigin = true
    }
    var (allProducts, allMagnitudes) = (0.0, 0.0)
    for (index, block) in layout.blocks.enumerated() where block.isTrained {
      let length = length(ofBlock: index)
      let weight = (1 - Self.decay) * length * length
      let strengths = regularization.strengths(block.role)
      let (product, magnitude) = accumulate(
        parameters[block.range], statistics.wDot[block.range], origin: origin.all[block.range],
        sums: sums.all[block.range], perSample: 1 / Scalar(samples), l2: Scalar(strengths.l2),
        l1: Scalar(strengths.l1), keep: Scalar(Self.decay), gain: Scalar(weight))
      products[index] = Self.decay * products[index] + weight * product
      if products[index] > lengths[index] * magnitude { lengths[index] = products[index] / magnitude }
      allProducts += products[index]
      allMagnitudes += magnitude
    }
    if allProducts > length * allMagnitudes { length = allProducts / allMagnitudes }
  }
}

/// s ← keep s + gain g for one block, g = Ẇ/S + ∇R.
///
/// - Returns: Σ g (w₀ − w) and ‖s‖₁, summed in Double.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func accumulate<Scalar: Real>(
  _ parameters: Vector<Scalar>, _ gradients: Vector<Scalar>, origin: Vector<Scalar>, sums: Vector<Scalar>,
  perSample: Scalar, l2: Scalar, l1: Scalar, keep: Scalar, gain: Scalar
) -> (product: Double, magnitude: Double) {
  let count = parameters.count
  precondition(
    gradients.count == count && origin.count == count && sums.count == count, "vectors of a block have its length")
  // All four have `count` elements.
  let (w, wDot, start, s) = unsafe (parameters.pointer, gradients.pointer, origin.pointer, sums.pointer)
  var (product, magnitude) = (0.0, 0.0)
  for k in 0..<count {
    let weight = unsafe w[k]
    let sign: Scalar = weight > 0 ? 1 : (weight < 0 ? -1 : 0)
    let gradient = unsafe wDot[k] * perSample + l2 * weight + l1 * sign
    let sum = unsafe keep * s[k] + gain * gradient
    unsafe s[k] = sum
    product = unsafe relaxed_add(product, Double(gradient) * Double(start[k] - weight))
    magnitude = relaxed_add(magnitude, Double(sum.magnitude))
  }
  return (product, magnitude)
}
