public import Kernels
public import Networks

/// What an optimizer remembers from step to step: two averages in the order of the parameters, their counts, and
/// what layer scales and lengths of steps are found from.
///
/// Together with the step's number and the λ of a ``TrustRatio`` it is what a checkpoint needs to go on with the same bits.
public final class OptimizerState<Scalar: Real> {
  /// m, the average of gradients; nil where the optimizer has none.
  public let first: Arena<Scalar>?
  /// v, the average of squared gradients or of Ẅ; nil where the optimizer has none.
  public let second: Arena<Scalar>?
  /// How many gradients the first average has taken up.
  public var firstUpdates = 0
  /// How many squared gradients or Ẅ the second average has taken up.
  public var secondUpdates = 0

  /// The mean squares that layer scales are found from, one for each block of the layout: of ``LayerScale/unit`` that of
  /// the last step, of ``LayerScale/adaptive`` their average n.
  public var blockSquares: [Double]
  /// The lengths of the steps where they are found; nil where they are given.
  public let distance: DistanceEstimate<Scalar>?

  /// What one step measures, to be summed over the ranks that share the update; nothing to keep between steps.
  let measures: StepMeasures
  /// All parameters.
  let whole: ParameterPart

  /// How many arrays as long as the parameters a state has.
  ///
  /// - Parameter keepsCurvature: as for the state.
  public static func arrays(for optimizer: any Optimizer, keepsCurvature: Bool) -> Int {
    let hasSecond = optimizer.hasSecondAverage || (optimizer.needsCurvature && keepsCurvature)
    return (optimizer.hasFirstAverage ? 1 : 0) + (hasSecond ? 1 : 0) + (optimizer.findsLength ? 2 : 0)
  }

  /// The memory of averages before the first step.
  ///
  /// - Parameters:
  ///   - keepsCurvature: whether some steps come without a new Ẅ: the last one is then kept, smoothed or not.
  public init(for optimizer: any Optimizer, _ layout: ParameterLayout, keepsCurvature: Bool = false) {
    let count = layout.count
    first = optimizer.hasFirstAverage ? Arena(count: count) : nil
    second = optimizer.hasSecondAverage || (optimizer.needsCurvature && keepsCurvature) ? Arena(count: count) : nil
    blockSquares = Array(repeating: 0, count: layout.blocks.count)
    distance = optimizer.findsLength ? DistanceEstimate(layout) : nil
    measures = StepMeasures(blocks: layout.blocks.count)
    whole = .all(layout)
  }
}
