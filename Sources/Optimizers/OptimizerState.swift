public import Kernels
public import Networks

/// What an optimizer remembers from step to step: two averages in the order of the parameters, the numbers of their
/// samples, and the data for layer scales and for step lengths.
///
/// A checkpoint needs this state, the number of the step and the λ of a ``TrustRatio`` to resume with the same bits.
public final class OptimizerState<Scalar: Real> {
  /// m, the average of gradients; nil if the optimizer has none.
  public let first: Arena<Scalar>?
  /// v, the average of squared gradients or of Ẅ; nil if the optimizer has none.
  public let second: Arena<Scalar>?
  /// The number of gradients in the first average.
  public var firstUpdates = 0
  /// The number of squared gradients or of Ẅ in the second average.
  public var secondUpdates = 0

  /// (M32) The exponent c of each block of the layout: where v is an average of Ẅ, v̂ is 2^c times what is stored.
  public private(set) var curvatureExponents: [Int]

  /// The mean squares from which layer scales are computed, one for each block of the layout: for ``LayerScale/unit``
  /// the mean square of the last step, for ``LayerScale/adaptive`` the average n of these mean squares.
  public var blockSquares: [Double]
  /// The estimate of the step lengths where they are found; nil where they are given.
  public let distance: DistanceEstimate<Scalar>?
  /// The step lengths where they are measured; nil where they are not.
  public let lengths: MeasuredLengths<Scalar>?
  /// The curvature of layers by unit; nil where every parameter has a number of its own.
  public let units: UnitCurvature<Scalar>?

  /// The measures of one step, which are summed over the ranks that share the update; not kept between steps.
  let measures: StepMeasures
  /// All parameters.
  let whole: ParameterPart

  /// The most arrays in a state that are as long as the parameters.
  ///
  /// - Parameter keepsCurvature: see ``init(for:_:keepsCurvature:unitLayers:)``.
  public static func arrays(for optimizer: any Optimizer, keepsCurvature: Bool) -> Int {
    let hasSecond = optimizer.hasSecondAverage || (optimizer.needsCurvature && keepsCurvature)
    let directions = optimizer.curvatureUse?.partition != .unit ? 0 : optimizer.hasFirstAverage ? 1 : 2
    return (optimizer.hasFirstAverage ? 1 : 0) + (hasSecond ? 1 : 0) + (optimizer.findsLength ? 2 : 0) + directions
  }

  /// The state before the first step.
  ///
  /// - Parameters:
  ///   - keepsCurvature: whether some steps have no new Ẅ. The state then keeps the last Ẅ, smoothed or not.
  ///   - unitLayers: the network's layers whose curvature can be by unit.
  ///   - run: how long the whole training is.
  public init(
    for optimizer: any Optimizer, _ layout: ParameterLayout, keepsCurvature: Bool = false, unitLayers: [UnitLayer] = [],
    run: RunLength = .long
  ) {
    let count = layout.count
    let isByUnit = optimizer.curvatureUse?.partition == .unit
    let parts = isByUnit ? unitLayers : []
    first = optimizer.hasFirstAverage ? Arena(count: count) : nil
    let hasSecond =
      (optimizer.hasSecondAverage || (optimizer.needsCurvature && keepsCurvature))
      && (!isByUnit || layout.hasOthers(parts))
    second = hasSecond ? Arena(count: count) : nil
    units = isByUnit ? UnitCurvature(parts, layout, keepsGradients: !optimizer.hasFirstAverage) : nil
    curvatureExponents = Array(repeating: 0, count: layout.blocks.count)
    blockSquares = Array(repeating: 0, count: layout.blocks.count)
    distance = optimizer.findsLength ? DistanceEstimate(layout, sharing: parts.map(\.blocks)) : nil
    lengths =
      optimizer.measuresLength ? MeasuredLengths(layout, together: parts.map(\.blocks), run: run) : nil
    measures = StepMeasures(blocks: layout.blocks.count)
    whole = .all(layout)
  }
}

extension OptimizerState {
  /// The length of a block in the present step, where the optimizer finds or measures it; else 1.
  func stepLength(ofBlock index: Int) -> Double {
    distance?.stepLength(ofBlock: index) ?? lengths?.stepLength(ofBlock: index) ?? 1
  }

  /// The greatest length that any block has in the present step.
  public var longestStep: Double { distance?.longestStep ?? lengths?.longestStep ?? 1 }

  /// (M32) Gives a block's v and n the exponent of the Ẅ that is averaged next, or the one nearest to it that v allows.
  ///
  /// - Parameters:
  ///   - part: the elements of v that are here.
  ///   - rule: the optimizer; by its power p the curvature divides the step whose mean square n is.
  func follow(_ exponent: Int, ofBlock index: Int, _ part: Range<Int>, _ rule: ResidualPartitioning) {
    let present = curvatureExponents[index]
    let average = AverageExponent(rule.curvatureDecay, updates: secondUpdates)
    let next = average.following(exponent, from: present)
    guard next != present else { return }
    curvatureExponents[index] = next
    if let second { average.move(second.all[part], from: present, to: next) }
    let ofSquare = 2 * rule.curvaturePower.exponent(next - present)
    blockSquares[index] = Double(sign: .plus, exponent: ofSquare, significand: blockSquares[index])
  }
}

extension OptimizerState: Resumable {
  public func exchange(with state: any StateExchange) throws {
    if let first { try state.array("first", first.all) }
    if let second { try state.array("second", second.all) }
    try state.number("firstUpdates", &firstUpdates)
    try state.number("secondUpdates", &secondUpdates)
    try state.numbers("blockSquares", &blockSquares)
    try state.sparseNumbers("curvatureExponents", &curvatureExponents)
    if let distance { try state.part("distance", distance.exchange) }
    if let lengths { try state.part("lengths", lengths.exchange) }
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

extension ParameterLayout {
  /// Whether any trained parameter belongs to no unit layer.
  public func hasOthers(_ unitLayers: [UnitLayer]) -> Bool {
    blocks.indices.contains { index in
      blocks[index].isTrained && !unitLayers.contains { $0.blocks.contains(index) }
    }
  }
}

/// The measures of every block in one step, summed in Double. They lie in one vector, so that one reduction adds them
/// up over the ranks that share the update.
struct StepMeasures {
  let all: Vector<Double>
  /// Σ g (w₀ − w) of every block; for measured lengths ‖g‖².
  let products: Vector<Double>
  /// ‖s_b‖₁ of every block; for measured lengths ‖m‖².
  let magnitudes: Vector<Double>
  /// ‖Δw‖² of every block, for the step from which the layer scale is computed.
  let squares: Vector<Double>
  /// ‖w‖² of every block, where a step needs it.
  let sizes: Vector<Double>

  init(blocks: Int) {
    all = Arena<Double>(count: 4 * blocks).all
    (products, magnitudes) = (all[0..<blocks], all[blocks..<2 * blocks])
    (squares, sizes) = (all[2 * blocks..<3 * blocks], all[3 * blocks..<4 * blocks])
  }
}
