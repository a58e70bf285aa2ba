/// What a cycle of `rp-dist reweight` learns its weights from, found by the network of the cycle before: all that goes from
/// one cycle to the next.
public struct WeightStart: Codable, Equatable, Sendable {
  /// The cycle that starts with it, counted from 1.
  public let cycle: Int
  /// β of that network's outputs.
  public let inverseTemperature: Double
  /// How labels seem to have come from true classes.
  public let transitions: LabelTransitions
  /// a⁰ of each training sample, by position: the posterior probability that its label is true, where its weight starts and
  /// what it is drawn to.
  public let belief: [Double]

  public init(cycle: Int, inverseTemperature: Double, transitions: LabelTransitions, belief: [Double]) {
    (self.cycle, self.inverseTemperature) = (cycle, inverseTemperature)
    (self.transitions, self.belief) = (transitions, belief)
  }

  /// The share of training samples whose label is expected to be wrong.
  public var wrongShare: Double { 1 - belief.reduce(0, +) / Double(belief.count) }

  /// Whether the network had outputs to believe.
  package var isFinite: Bool { inverseTemperature.isFinite && belief.allSatisfy(\.isFinite) }
}
