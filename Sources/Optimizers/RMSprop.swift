public import Kernels

/// (M17) Steps divided by the gradient's recent size: s ← ρ s + (1 − ρ) g², Δw = −α g/(√s + ε), where g = Ẇ + ∇R.
///
/// s starts at 0 and has no bias correction, so the first steps are up to 1/√(1 − ρ) times as long as later ones.
public struct RMSprop: Optimizer {
  public static let name = "rmsprop"
  public static let formulas = ["M17"]
  public static let settings: [OptimizerSetting<RMSprop>] = [
    .number("decay", \.decay, .fraction, "The decay of the average of squared gradients.", formulas: ["M17"]),
    .number("epsilon", \.epsilon, .positive, "Keeps the denominator of a step above 0.", formulas: ["M17"]),
  ]
  public static let standard = RMSprop()
  public static let comparedRates: [Double]? = [0.0003, 0.001, 0.003, 0.01]

  /// ρ.
  public var decay: Double
  /// ε, added outside the root.
  public var epsilon: Double

  public init(decay: Double = 0.9, epsilon: Double = 1e-8) {
    (self.decay, self.epsilon) = (decay, epsilon)
  }

  public var standardLearningRate: Double? { 0.001 }

  public var hasSecondAverage: Bool { true }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) { loop(block).move() }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) { loop(block).derivative() }

  @inline(__always)
  private func loop<Scalar: Real>(
    _ block: BlockUpdate<Scalar>
  ) -> StepLoop<Formula<Scalar>, LatestSample<Scalar>, StoredAverage<Scalar>> {
    let formula = Formula(rate: Scalar(block.rate), epsilon: Scalar(epsilon))
    let average = block.secondAverage(decay: decay, isCorrected: false)
    return StepLoop(formula, LatestSample(), average, block: block)
  }

  /// α m/(√v + ε); m is the gradient here and an average of gradients in ``Adam``.
  struct Formula<Scalar: Real>: StepFormula {
    let rate: Scalar
    let epsilon: Scalar

    @inline(__always)
    func secondSample(_ k: Int, gradient: Scalar) -> Scalar { gradient * gradient }

    @inline(__always)
    func step(_ m: Scalar, _ v: Scalar) -> Scalar { rate * m / (v.squareRoot() + epsilon) }
  }
}

extension RMSprop: NumberOptimizer {
  public func direction(_ g: Double, _ averages: inout NumberAverages) -> Double {
    g / (averages.takeUpSecond(g, decay: decay, isCorrected: false).squareRoot() + epsilon)
  }
}

extension OptimizerKind {
  public static let rmsprop = OptimizerKind(RMSprop.self)
}
