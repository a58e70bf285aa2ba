internal import Kernels

/// A copy of parameters in which one block at a time is perturbed. Blocks are restored from the original, which never
/// changes.
struct Perturbation<Scalar: Real> {
  let parameters: Arena<Scalar>

  init(count: Int) { parameters = Arena(count: count) }

  /// α = radius/‖v_b‖ of (M25); nil if the block of the direction is zero, which then contributes nothing.
  static func size(_ block: ParameterGroups.Block, of v: Vector<Scalar>) -> Double? {
    var squares = 0.0
    for range in block.ranges { squares += sumOfSquares(v[range]) }
    return squares == 0 ? nil : block.radius / squares.squareRoot()
  }

  /// Copies the original parameters.
  func start(from original: Vector<Scalar>) { parameters.all.copy(from: original) }

  /// Calls `body` with a block at w + α v, then restores the block, also if `body` throws.
  func moved<Result>(
    _ block: ParameterGroups.Block, from original: Vector<Scalar>, by alpha: Double, along v: Vector<Scalar>,
    _ body: (Vector<Scalar>) throws -> Result
  ) rethrows -> Result {
    for range in block.ranges { parameters.all[range].add(v[range], times: Scalar(alpha)) }
    defer { for range in block.ranges { parameters.all[range].copy(from: original[range]) } }
    return try body(parameters.all)
  }
}

/// Σ v², summed in Double.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sumOfSquares<Scalar: Real>(_ v: Vector<Scalar>) -> Double {
  // Eight sums, so that additions do not wait for each other.
  let lanes = v.count / 8 * 8
  var sums = SIMD8<Double>.zero
  for start in stride(from: 0, to: lanes, by: 8) {
    var x = SIMD8<Double>.zero
    for k in 0..<8 { x[k] = Double(v[start + k]) }
    sums += x * x
  }
  var total = sums.sum()
  for k in lanes..<v.count { total += Double(v[k]) * Double(v[k]) }
  return total
}
