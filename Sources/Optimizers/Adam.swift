public import Kernels

/// (M17) m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², Δw = −α m̂/(√v̂ + ε), where g = Ẇ + ∇R, m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ).
public struct Adam: Optimizer {
  public static let name = "adam"
  public static let formulas = ["M17"]
  public static let settings: [OptimizerSetting<Adam>] = [
    .number("beta1", \.momentum, .fraction, "The decay of the average of gradients.", formulas: ["M17"]),
    .number("beta2", \.decay, .fraction, "The decay of the average of squared gradients.", formulas: ["M17"]),
    .number("epsilon", \.epsilon, .positive, "Keeps the denominator of a step above 0.", formulas: ["M17"]),
  ]
  public static let standard = Adam()
  public static let comparedRates = RMSprop.comparedRates

  /// β₁.
  public var momentum: Double
  /// β₂.
  public var decay: Double
  /// ε, added outside the root.
  public var epsilon: Double

  public init(momentum: Double = 0.9, decay: Double = 0.999, epsilon: Double = 1e-8) {
    (self.momentum, self.decay, self.epsilon) = (momentum, decay, epsilon)
  }

  public var standardLearningRate: Double? { 0.001 }

  public var hasFirstAverage: Bool { true }

  public var hasSecondAverage: Bool { true }

  public func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) { block.move(by: self) }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    let formula = RMSprop.Formula(rate: Scalar(block.rate), epsilon: Scalar(epsilon))
    StepLoop(formula, block.firstAverage(decay: momentum), block.secondAverage(decay: decay), block: block).derivative()
  }
}

extension Adam: NumberOptimizer {
  public func direction(_ g: Double, _ averages: inout NumberAverages) -> Double {
    let m = averages.takeUpFirst(g, decay: momentum)
    return m / (averages.takeUpSecond(g, decay: decay).squareRoot() + epsilon)
  }
}

extension OptimizerKind {
  public static let adam = OptimizerKind(Adam.self)
}
