public import Kernels
public import Networks

/// How statistics become a step: the optimizers of (M11), (M14), (M16) and (M17).
public enum UpdateRule: Equatable, Sendable {
  case sgd
  case momentum(Momentum)
  case rmsprop(RMSprop)
  case adam(Adam)
  case residualPartitioning(ResidualPartitioning)

  /// Whether the rule uses Ẅ.
  public var needsCurvature: Bool {
    if case .residualPartitioning = self { true } else { false }
  }

  /// Whether the rate is a factor of lengths that the rule finds by itself.
  public var findsLength: Bool {
    if case .residualPartitioning(let rule) = self { rule.findsLength } else { false }
  }

  /// Whether the rule averages gradients.
  public var hasFirstAverage: Bool {
    switch self {
    case .sgd, .rmsprop: false
    case .momentum, .adam: true
    case .residualPartitioning(let rule): rule.momentum != 0
    }
  }

  /// Whether the rule averages squared gradients or Ẅ.
  public var hasSecondAverage: Bool {
    switch self {
    case .sgd, .momentum: false
    case .rmsprop, .adam: true
    case .residualPartitioning(let rule): rule.curvatureDecay != 0
    }
  }

  /// w ← w + Δw, for every parameter that is trained.
  ///
  /// - Parameters:
  ///   - parameters: w, updated in place.
  ///   - sums: Ẇ and Ẅ as sums over the samples of the global minibatch, without R. Ẅ is used by residual partitioning
  ///     alone; nil if it was not computed in this step, then the state's v̂ serves.
  ///   - samples: S, the number of samples in those sums.
  ///   - state: made for this rule; moved on by one step.
  ///   - rate: α or λ of this step, see ``Schedule`` and ``TrustRatio``; where the rule finds its lengths, their factor.
  /// - Complexity: one pass over the arrays, one more each with a layer scale and with lengths that are found; allocates
  ///   nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar: Real>(
    _ parameters: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>,
    rate: Double, regularization: Regularization, layout: ParameterLayout
  ) {
    state.firstUpdates += 1
    if !needsCurvature || sums.wDDot != nil { state.secondUpdates += 1 }
    state.distance?.takeUp(
      parameters, sums: sums, samples: samples, regularization: regularization, layout: layout)
    for (index, block) in layout.blocks.enumerated() where block.isTrained {
      let update = BlockUpdate(
        block, parameters: parameters, sums: sums, samples: samples, state: state, regularization: regularization)
      switch self {
      case .sgd: SGD().loop(update, rate: rate).move()
      case .momentum(let rule): rule.loop(update, rate: rate).move()
      case .rmsprop(let rule): rule.loop(update, rate: rate).move()
      case .adam(let rule): rule.loop(update, rate: rate).move()
      case .residualPartitioning(let rule):
        rule.move(
          update, rate: rate * (state.distance?.stepLength(ofBlock: index) ?? 1),
          meanSquare: &state.blockSquares[index])
      }
    }
  }
}
