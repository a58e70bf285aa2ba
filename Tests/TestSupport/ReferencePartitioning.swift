import Foundation

/// Residual partitioning with every option, in plain loops over arrays, from all that has happened.
///
/// Δw = −λ m̂/(v̂ + λ ∇²R + δ); where p = ½ or the scale is adaptive, Δw = −λ m̂/(v̂ + ∇²R + δ)ᵖ. Then the scale of a block:
/// unit Δw ← λ Δw/(rms(Δw) + 1e-12), adaptive Δw ← Δw/√n̂ with the mean squares of g/(v̂ + ∇²R + δ)ᵖ averaged.
public struct ReferencePartitioning: ReferenceRule {
  public enum Scale: Sendable { case none, unit, adaptive }

  public var momentum: Double
  public var curvatureDecay: Double
  public var damping: Double
  public var power: Double
  public var scale: Scale
  /// The decay of the average of an adaptive scale.
  public var scaleDecay = 0.999
  /// nil where λ is given.
  public var distance: ReferenceDistance?

  private var gradients: [[Double]] = []
  private var curvatures: [[Double]] = []
  private var meanSquares: [[Double]] = []
  private var multipliers: [Double] = []

  public init(
    momentum: Double, curvatureDecay: Double, damping: Double, power: Double, scale: Scale,
    distance: ReferenceDistance?
  ) {
    (self.momentum, self.curvatureDecay, self.damping) = (momentum, curvatureDecay, damping)
    (self.power, self.scale, self.distance) = (power, scale, distance)
  }

  /// The parameters after one step.
  ///
  /// - Parameters:
  ///   - gradient: Ẇ + ∇R, means over samples.
  ///   - curvature: Ẅ, means over samples; nil where it was not computed.
  ///   - hessian: ∇²R for each parameter.
  ///   - blocks: those that are trained.
  public mutating func step(
    _ w: [Double], gradient: [Double], curvature: [Double]?, hessian: [Double], rate: Double, blocks: [Range<Int>]
  ) -> [Double] {
    gradients.append(gradient)
    if let curvature { curvatures.append(curvature) }
    let lengths = distance?.lengths(w, gradient: gradient, blocks: blocks) ?? blocks.map { _ in 1 }
    var result = w
    multipliers = w.map { _ in 0 }
    var squares: [Double] = []
    for (b, block) in blocks.enumerated() {
      let length = rate * lengths[b]
      let isLength = power != 1 || scale == .adaptive
      var (step, alone, factors) = ([Double](), [Double](), [Double]())
      for k in block {
        let v = ReferenceOptimizer.average(curvatures.map { $0[k] }, curvatureDecay)
        let denominator = pow(v + (isLength ? 1 : length) * hessian[k] + damping, power)
        let m = ReferenceOptimizer.average(gradients.map { $0[k] }, momentum)
        factors.append(denominator == 0 ? 0 : length / denominator)
        step.append(denominator == 0 ? 0 : length * m / denominator)
        alone.append(denominator == 0 ? 0 : gradient[k] / denominator)
      }
      squares.append(alone.reduce(0) { $0 + $1 * $1 } / Double(block.count))
      let factor: Double
      switch scale {
      case .none: factor = 1
      case .unit:
        factor = length / ((step.reduce(0) { $0 + $1 * $1 } / Double(block.count)).squareRoot() + 1e-12)
      case .adaptive:
        let mean = ReferenceOptimizer.average(meanSquares.map { $0[b] } + [squares[b]], scaleDecay)
        factor = mean > 0 ? 1 / mean.squareRoot() : 0
      }
      for (j, k) in block.enumerated() {
        result[k] -= factor * step[j]
        multipliers[k] = factor * factors[j]
      }
    }
    meanSquares.append(squares)
    return result
  }

  public func frozenStep(gradient: [Double]) -> [Double] {
    let changed = gradients.dropLast() + [gradient]
    return gradient.indices.map { k in
      -multipliers[k] * ReferenceOptimizer.average(changed.map { $0[k] }, momentum)
    }
  }
}
