public import Kernels

/// What an optimizer remembers from step to step: two averages in the order of the parameters, and their counts.
///
/// Everything that a checkpoint needs to go on with the same bits.
public final class OptimizerState<Scalar: Real> {
  /// m, the average of gradients; nil where the rule has none.
  public let first: Arena<Scalar>?
  /// v, the average of squared gradients or of Ẅ; nil where the rule has none.
  public let second: Arena<Scalar>?
  /// How many gradients the first average has taken up.
  public var firstUpdates = 0
  /// How many squared gradients or Ẅ the second average has taken up.
  public var secondUpdates = 0

  /// The memory of averages before the first step.
  ///
  /// - Parameters:
  ///   - count: the number of parameters.
  ///   - keepsCurvature: whether some steps come without a new Ẅ: the last one is then kept, smoothed or not.
  public init(for rule: UpdateRule, count: Int, keepsCurvature: Bool = false) {
    first = rule.hasFirstAverage ? Arena(count: count) : nil
    second = rule.hasSecondAverage || (rule.needsCurvature && keepsCurvature) ? Arena(count: count) : nil
  }
}
