private import Glibc

/// (M18) How the rate decreases during training, as a factor of the configured α or λ; with a warm-up at the start.
public struct Schedule: Equatable, Sendable {
  /// The formulas, with the epoch e = 0, 1, …, or with step t of T.
  public enum Name: String, Codable, CaseIterable, Sendable {
    /// 1.
    case constant
    /// 1/(1 + d e).
    case inverse
    /// 0.95ᵉ, or another factor to the power of e.
    case exponential
    /// k/√(e + 1).
    case inverseRoot
    /// 1 − t/T.
    case linear
    /// ½ (1 + cos(π t/T)).
    case cosine

    /// Whether the factor depends on T: with more steps in total, the rates of the first steps change too.
    public var dependsOnSteps: Bool { self == .linear || self == .cosine }
  }

  public var name: Name
  /// d of `inverse`.
  public var decay: Double
  /// The factor by which `exponential` multiplies each epoch.
  public var factor: Double
  /// k of `inverseRoot`.
  public var scale: Double
  /// In the first `warmup` steps the rate is multiplied by (t + 1)/warmup.
  public var warmup: Int

  public init(
    _ name: Name = .constant, decay: Double = 1, factor: Double = 0.95, scale: Double = 1, warmup: Int = 0
  ) {
    (self.name, self.decay, self.factor, self.scale, self.warmup) = (name, decay, factor, scale, warmup)
  }

  /// The factor by which the configured rate is multiplied.
  ///
  /// - Parameters:
  ///   - step: t = 0, 1, …, T − 1, counted from the beginning of training.
  ///   - steps: T, the number of steps of the whole training.
  public func factor(step: Int, steps: Int, stepsPerEpoch: Int) -> Double {
    precondition(0 <= step && step < steps, "a step of a training is counted from 0 to steps − 1")
    precondition(stepsPerEpoch > 0, "an epoch has at least one step")
    let epoch = step / stepsPerEpoch
    let progress = Double(step) / Double(steps)
    let value =
      switch name {
      case .constant: 1.0
      case .inverse: 1 / (1 + decay * Double(epoch))
      case .exponential: pow(factor, Double(epoch))
      case .inverseRoot: scale / Double(epoch + 1).squareRoot()
      case .linear: 1 - progress
      case .cosine: (1 + cos(.pi * progress)) / 2
      }
    return step < warmup ? value * (Double(step + 1) / Double(warmup)) : value
  }
}
