/// (M15) Adapts the rate λ: compares the actual decrease of the loss with the decrease that the gradient predicts.
///
/// Every k steps the actual decrease a = J(w) − J(w + Δw), R included, is computed with the step's own minibatch and
/// dropout masks. It is compared with the predicted decrease p = −(Ẇ + ∇R)·Δw
/// (``predictedDecrease(from:to:sums:samples:regularization:layout:)``). The prediction is of first order: on a
/// quadratic, a/p = 1 − τ/2 for a step that is τ times as long as the step to the minimum along its line.
public struct TrustRatio: Equatable, Sendable {
  public enum Verdict: Equatable, Sendable {
    /// The step is kept.
    case accept
    /// The parameters return to their values before the step; the averages and their counts stay.
    case undo
  }

  /// λ.
  public var rate: Double
  /// k: one step in every k steps is tested.
  public var every: Int
  /// r*: λ grows if a/p is above it.
  public var target: Double

  public init(rate: Double, every: Int = 5, target: Double = 0.6) {
    (self.rate, self.every, self.target) = (rate, every, target)
  }

  /// Whether a step, counted from 0, is tested.
  public func isDue(step: Int) -> Bool { step % every == 0 }

  /// Adapts λ after one tested step.
  ///
  /// - Parameters:
  ///   - actual: a.
  ///   - predicted: p.
  ///   - isFinite: whether J(w + Δw) is a finite number.
  public mutating func adapt(actual: Double, predicted: Double, isFinite: Bool) -> Verdict {
    guard isFinite else {
      rate /= 2
      return .undo
    }
    if actual == 0 && predicted == 0 { return .accept }
    // With momentum a step can point uphill. The ratio then says nothing, and λ decreases.
    guard predicted > 0 else {
      rate *= 0.9
      return .accept
    }
    if actual < 0 {
      rate /= 2
      return .undo
    }
    rate *= actual / predicted > target ? 1.1 : 0.9
    return .accept
  }
}

/// (M15) `on`, `off`, or a section with its constants.
public struct TrustRatioSettings: Equatable, Sendable {
  /// k, the number of steps from one test of the ratio to the next.
  public var every = 5
  /// r*, the ratio of actual to predicted decrease above which λ grows.
  public var target = 0.6

  public init() {}

  public static let settings: [OptimizerSetting<TrustRatioSettings>] = [
    .wholeNumber(
      "every", \.every, SettingRange("1 or more", "must be at least 1 step") { $0 >= 1 },
      "The steps from one test of the ratio to the next.", formulas: ["M15"]),
    .number(
      "target", \.target, SettingRange("above 0 and below 1", "must be between 0 and 1") { $0 > 0 && $0 < 1 },
      "The actual decrease, as a share of the predicted, above which the rate grows.", formulas: ["M15"]),
  ]
}
