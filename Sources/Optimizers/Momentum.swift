public import Kernels

/// (M17) Gradient descent along the average of past gradients: v ← β v + (1 − β) g, Δw = −α v/(1 − βᵗ), where g = Ẇ +
/// ∇R.
///
/// Other programs average without the factor 1 − β and without bias correction: b ← β b + g, Δw = −α b. After many
/// steps this has the same direction and is 1/(1 − β) times as long.
public struct Momentum: Optimizer {
  public static let name = "momentum"
  public static let formulas = ["M17"]
  public static let settings: [OptimizerSetting<Momentum>] = [
    .number("momentum", \.decay, .fraction, "The decay of the average of gradients.", formulas: ["M17"])
  ]
  public static let standard = Momentum()
  public static let comparedRates = SGD.comparedRates

  /// β.
  public var decay: Double

  public init(decay: Double = 0.9) {
    self.decay = decay
  }

  public var standardLearningRate: Double? { 0.01 }

  public var hasFirstAverage: Bool { true }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) { loop(block).move() }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) { loop(block).derivative() }

  @inline(__always)
  private func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>
  ) -> StepLoop<SGD.Formula<Scalar>, StoredAverage<Scalar>, LatestSample<Scalar>> {
    let average = block.firstAverage(decay: decay)
    return StepLoop(SGD.Formula(rate: Scalar(block.rate)), average, LatestSample(), block: block)
  }
}

extension Momentum: NumberOptimizer {
  public func direction(_ g: Double, _ averages: inout NumberAverages) -> Double {
    averages.takeUpFirst(g, decay: decay)
  }
}

extension OptimizerKind {
  public static let momentum = OptimizerKind(Momentum.self)
}
