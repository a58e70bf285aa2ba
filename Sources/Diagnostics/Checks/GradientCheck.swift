public import Configurations
public import Kernels
internal import MPI
public import Networks
internal import Ranks

/// (M22) The gradient of backpropagation against central differences, parameter block by parameter block.
///
/// A block agrees where `‖approx − exact‖₂ / (‖approx‖₂ + ‖exact‖₂) ≤ 1e-7`, with 0/0 = 0. Parameters whose θ ± ε lie
/// on different sides of a kink are counted and left out.
public struct GradientCheck: Sendable {
  /// ε of (M22).
  public static let step = 1e-5
  /// The largest ratio of a block that agrees.
  public static let tolerance = 1e-7

  /// The most parameters of a block that are compared; nil for all.
  public var coordinates: Int?
  /// Chooses the parameters.
  public var seed: UInt64

  public init(coordinates: Int? = 200, seed: UInt64 = 1) { (self.coordinates, self.seed) = (coordinates, seed) }

  /// - Throws: ``ConfigurationError`` for a network with dropout: either its loss jumps with random masks, or it is not
  ///   the loss of training.
  public static func requireNoDropout(_ network: [LayerConfiguration]) throws(ConfigurationError) {
    for (address, layer) in LayerConfiguration.addressed(network) {
      guard let keep = layer.of(DropoutLayer.self)?.keep, keep < 1 else { continue }
      throw ConfigurationError(
        "check gradient: layer \(address) is dropout, and the gradient of random masks is not checked; leave the layer out, "
          + "or set its keep to 1")
    }
  }

  /// The result of a block's comparison.
  public enum Verdict: String, Codable, Sendable {
    case agrees
    /// Above the tolerance, but within it once Richardson's extrapolation removes the quotients' error of order ε²: a
    /// loss with strong curvature, as with inputs of hundreds.
    case truncation
    /// Above the tolerance, but the distance is at most the rounding of the quotients: four times the spread of
    /// quotients with nearly the same ε, plus four units in the last place of the loss divided by ε. The gradient is
    /// near zero.
    case rounding
    case differs
    /// Every chosen parameter has a kink within reach.
    case skipped
  }

  /// The comparison of one block.
  public struct BlockResult: Codable, Sendable {
    /// The name as in model files, for example `layers.0.weight`.
    public let name: String
    public let parameters: Int
    /// The number of parameters compared, and the number left out because of a kink.
    public let compared: Int
    public let skipped: Int
    public let approximateNorm: Double
    public let exactNorm: Double
    public let ratio: Double
    public let verdict: Verdict
  }

  /// Compares all trained blocks; the parameters are shared among the ranks. Collective.
  ///
  /// - Returns: one result for each block, the same on every rank.
  /// - Throws: `AgreedFailure` where the gradient is not finite.
  /// - Complexity: two forward passes for each compared parameter; twelve in a block that is above the tolerance.
  public func run(_ objective: Objective, over ranks: borrowing some GlobalSum & ~Copyable) throws -> [BlockResult] {
    // All ranks must have the same numbers, because these decide whether the ranks measure a block again together.
    let gradient = try ranks.first(objective.parameters.count) { objective.gradient() }
    guard gradient.allSatisfy(\.isFinite) else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "the gradient is not finite at these weights and samples; there is nothing to check")
    }
    let resolution = try ranks.first(1) { [objective.lossResolution / Self.step] }[0]
    let quotients = CentralDifference(objective)
    var results: [BlockResult] = []
    for (index, block) in objective.network.layout.blocks.enumerated() where block.isTrained {
      let chosen = chosenParameters(of: block, index)
      /// The quotients of all ranks.
      func approximations(_ step: Double) throws -> [Double] {
        let values = Arena<Double>(count: chosen.count)
        for k in ranks.shard(0..<chosen.count) {
          values.all[k] = quotients.quotient(chosen[k], block.role, step: step) ?? .nan
        }
        try ranks.sum(values.all)
        return values.all.array
      }
      let comparison = GradientComparison(
        approximate: try approximations(Self.step), exact: chosen.map { gradient[$0] })
      let verdict = try verdict(comparison, resolution: resolution, approximations)
      results.append(BlockResult(block, comparison, verdict))
    }
    return results
  }

  /// Evaluates a block. A block above the tolerance is measured again, to distinguish a wrong gradient from quotients
  /// that cannot be more accurate.
  private func verdict(
    _ comparison: GradientComparison, resolution: Double, _ approximations: (_ step: Double) throws -> [Double]
  ) throws -> Verdict {
    guard comparison.compared > 0 else { return .skipped }
    guard !comparison.agrees else { return .agrees }
    if comparison.extrapolated(try approximations(2 * Self.step)).agrees { return .truncation }
    let spread = try comparison.spread((1...4).map { try approximations(Self.step * (1 + Double($0) / 64)) })
    let rounding = 4 * spread + resolution * Double(comparison.compared).squareRoot()
    return comparison.distance <= rounding ? .rounding : .differs
  }

  /// All parameters of a block, or a sample without replacement, in ascending order.
  private func chosenParameters(of block: ParameterLayout.Block, _ index: Int) -> [Int] {
    let count = block.range.count
    guard let coordinates, coordinates < count else { return Array(block.range) }
    let stream = RandomStream(seed: seed, .check, index)
    // R. W. Floyd: every subset is equally likely.
    var chosen: Set<Int> = []
    for last in count - coordinates..<count {
      let draw = Int(stream[last].multipliedFullWidth(by: UInt64(last + 1)).high)
      chosen.insert(chosen.contains(draw) ? last : draw)
    }
    return chosen.sorted().map { block.range.lowerBound + $0 }
  }
}

extension GradientCheck.BlockResult {
  init(_ block: ParameterLayout.Block, _ comparison: GradientComparison, _ verdict: GradientCheck.Verdict) {
    name = block.name
    parameters = block.range.count
    compared = comparison.compared
    skipped = comparison.approximate.count - comparison.compared
    approximateNorm = comparison.approximateNorm
    exactNorm = comparison.exactNorm
    ratio = comparison.ratio
    self.verdict = verdict
  }
}
