/// An optimizer in plain loops over arrays, which can make its last step again.
public protocol ReferenceRule: Sendable {
  /// The parameters after one step.
  ///
  /// - Parameters:
  ///   - gradient: Ẇ + ∇R, means over samples.
  ///   - curvature: Ẅ, means over samples; nil where it was not computed.
  ///   - hessian: ∇²R for each parameter.
  ///   - blocks: those that are trained.
  mutating func step(
    _ w: [Double], gradient: [Double], curvature: [Double]?, hessian: [Double], rate: Double, blocks: [Range<Int>]
  ) -> [Double]

  /// Δw of the last step with another gradient in place of its own, and with v̂, scale and length as they were in it.
  func frozenStep(gradient: [Double]) -> [Double]
}
