public import Kernels

/// (M17) Stochastic gradient descent: Δw = −α g, where g = Ẇ + ∇R.
public struct SGD: Optimizer {
  public static let name = "sgd"
  public static let formulas = ["M17"]
  public static let settings: [OptimizerSetting<SGD>] = []
  public static let standard = SGD()
  public static let comparedRates: [Double]? = [0.003, 0.01, 0.03, 0.1, 0.3]

  public init() {}

  public var standardLearningRate: Double? { 0.01 }

  public var isWeightStep: Bool { true }

  public func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) { block.descend() }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    StepLoop(Formula(rate: Scalar(block.rate)), LatestSample(), LatestSample(), block: block).derivative()
  }

  /// α m; m is the gradient here and an average of gradients in ``Momentum``.
  struct Formula<Scalar: Real>: StepFormula {
    let rate: Scalar

    @inline(__always) func step(_ m: Scalar, _ v: Scalar) -> Scalar { rate * m }
  }
}

extension SGD: NumberOptimizer {
  public func direction(_ g: Double, _ averages: inout NumberAverages) -> Double { g }
}

extension OptimizerKind {
  public static let sgd = OptimizerKind(SGD.self)
}
