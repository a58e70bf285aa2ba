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

extension OptimizerState: Resumable {
  public func exchange(with state: any StateExchange) throws {
    if let first { try state.array("first", first.all) }
    if let second { try state.array("second", second.all) }
    try state.number("firstUpdates", &firstUpdates)
    try state.number("secondUpdates", &secondUpdates)
    try state.numbers("blockSquares", &blockSquares)
    if let distance { try state.part("distance", distance.exchange) }
  }
}

extension DistanceEstimate: Resumable {
  public func exchange(with state: any StateExchange) throws {
    try state.array("origin", origin.all)
    try state.array("sums", sums.all)
    try state.number("updates", &updates)
    try state.numbers("products", &products)
    try state.numbers("distances", &distances)
    try state.number("distance", &distance)
  }
}

extension TrustRatio: Resumable {
  public mutating func exchange(with state: any StateExchange) throws { try state.number("rate", &rate) }
}

/// What a step measures of every block, summed in Double: in one vector, so that one reduction adds it up over the ranks
/// that share the update.
struct StepMeasures {
  let all: Vector<Double>
  /// Σ g (w₀ − w) of every block.
  let products: Vector<Double>
  /// ‖s_b‖₁ of every block.
  let magnitudes: Vector<Double>
  /// ‖Δw‖² of every block, of the step that a layer scale looks at.
  let squares: Vector<Double>

  init(blocks: Int) {
    all = Arena<Double>(count: 3 * blocks).all
    (products, magnitudes, squares) = (all[0..<blocks], all[blocks..<2 * blocks], all[2 * blocks..<3 * blocks])
  }
}
