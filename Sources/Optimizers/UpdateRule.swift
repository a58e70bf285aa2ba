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
}
