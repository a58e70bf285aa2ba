public import Kernels
internal import MPI
internal import Networks
internal import Ranks
public import RunRecords

/// Checks whether the quadratic of residual partitioning bounds the second-order model of the loss: for `paper` (M12)'s
/// model without products of weight changes, for `full` the exact model.
///
/// Model and bound have the same value and slope at Δw = 0, and a regulariser's curvature belongs to both, so the bound
/// holds exactly where Δwᵀ H Δw ≤ Δwᵀ D Δw, with D = diag Ẅ by weight and the blocks of (M28) by unit. The left side is found by forward mode, which shares nothing with Ẅ's rules.
public struct BoundCheck: Sendable {
  /// The relative amount by which rounding may put Δwᵀ H Δw above Σ Ẅ Δw².
  public static let tolerance = 1e-9

  public var steps: Int
  public var seed: UInt64
  /// λ_max(D^−½ H D^−½) is computed for at most so many weights.
  public var tightnessLimit: Int

  public init(steps: Int = 100, seed: UInt64 = 1, tightnessLimit: Int = 400) {
    (self.steps, self.seed, self.tightnessLimit) = (steps, seed, tightnessLimit)
  }

  public struct Result: Codable, Sendable {
    /// B(0) − B(Δw) and J(w) − J(w + Δw) for the step of (M11) with λ = 1, regularisation included.
    public let predictedDecrease: Double
    public let actualDecrease: Double
    /// The actual decrease divided by the predicted one; nil where the predicted one is 0.
    @OrNull public private(set) var decreaseRatio: Double?
    public let steps: Int
    /// The number of random steps whose Δwᵀ H Δw is above Σ Ẅ Δw².
    public let failures: Int
    /// The largest Δwᵀ H Δw / Σ Ẅ Δw² of the random steps; nil where no step has Σ Ẅ Δw² > 0.
    @OrNull public private(set) var largestRatio: Double?
    /// λ_max(D^−½ H D^−½) over the weights whose diagonal element of D is above 0; nil where there are too many weights, or
    /// none.
    @OrNull public private(set) var tightness: Double?
    /// By unit, the largest eigenvalue of a block H_i relative to its factored form g_i A (M29); nil by weight.
    @OrNull public private(set) var factoredRatio: Double?
    /// The names of the blocks that have a weight with Ẅ = 0 but with curvature.
    public let uncovered: [String]

    public var failureShare: Double { Double(failures) / Double(max(1, steps)) }
    public var passed: Bool { failures == 0 && uncovered.isEmpty && (tightness ?? 0) <= 1 + BoundCheck.tolerance }
  }

  /// Checks a bound; the random steps and directions are shared among the ranks. Collective.
  ///
  /// - Returns: the same on every rank, except for the rounding of the decreases and of the tightness.
  /// - Throws: `AgreedFailure` where the bound is not finite.
  /// - Complexity: one forward-mode pass for each step; for n weights within the limit another n²/2 passes.
  public func run(
    _ objective: Objective, _ bound: QuadraticBound, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Result {
    var bound = bound
    bound.gradient = try ranks.first(bound.gradient.count) { bound.gradient }
    bound.curvature = try ranks.first(bound.curvature.count) { bound.curvature }
    for index in bound.blocks.indices {
      let matrix = bound.blocks[index].matrix
      bound.blocks[index].matrix = try ranks.first(matrix.count) { matrix }
    }
    for (values, name) in [(bound.gradient, "gradient Ẇ"), (bound.curvature, "bound Ẅ")] {
      guard let place = values.firstIndex(where: { !$0.isFinite }) else { continue }
      let block = objective.network.layout.blocks.first { $0.range.contains(place) }
      throw AgreedFailure(
        code: ExitCode.failed,
        message:
          "the \(name) of \(block?.name ?? "") is not finite at these weights and samples; there is nothing to check")
    }
    let model = CurvatureModel(objective, bound.model)
    let random = RandomSteps(seed: seed, layout: objective.network.layout, bound: bound)
    // Δwᵀ H Δw and Σ Ẅ Δw² of every step.
    let curvatures = Matrix<Double>(rows: steps, columns: 2)
    for number in ranks.shard(0..<steps) {
      let step = random[number]
      curvatures[number].copy(from: [model.curvature(along: step), bound.curvature(along: step)])
    }
    try ranks.sum(curvatures.elements)
    let ratios = (0..<steps).compactMap { number in
      curvatures[number][1] > 0 ? curvatures[number][0] / curvatures[number][1] : nil
    }
    let tightness = try Tightness(model, bound, layout: objective.network.layout, limit: tightnessLimit, over: ranks)

    // This comes last, because the model belongs to the present parameters.
    let minimum = bound.minimum(objective)
    let (actual, regularization) = objective.decrease(minimum)
    let predicted = bound.decrease(minimum) + regularization
    guard predicted.isFinite, actual.isFinite else {
      throw AgreedFailure(
        code: ExitCode.failed, message: "the step of lambda = 1 changes the loss by a number that is not finite")
    }
    return Result(
      predictedDecrease: predicted, actualDecrease: actual, decreaseRatio: predicted == 0 ? nil : actual / predicted,
      steps: steps, failures: (0..<steps).count { isViolated(curvatures[$0]) }, largestRatio: ratios.max(),
      tightness: tightness?.value, factoredRatio: bound.factoredRatio, uncovered: tightness?.uncovered ?? [])
  }

  /// Whether Δwᵀ H Δw is above Σ Ẅ Δw² by more than rounding; a value that is not a number counts as above.
  private func isViolated(_ pair: Vector<Double>) -> Bool {
    !(pair[0] <= (1 + Self.tolerance) * pair[1] + Double.leastNormalMagnitude)
  }
}
