private import Glibc

/// An optimizer that also moves single numbers, each with averages of its own: what `reweight` learns weights by.
///
/// A weight is in some of the steps only, so that every one counts its own updates.
public protocol NumberOptimizer: Optimizer {
  /// −Δ/η from the derivative g; the averages take it up.
  func direction(_ g: Double, _ averages: inout NumberAverages) -> Double
}

/// The averages of a single number and the updates that they have taken up, with that of this step.
public struct NumberAverages {
  /// m and v.
  public var first, second: Double
  /// t.
  public let updates: Int

  public init(first: Double, second: Double, updates: Int) {
    (self.first, self.second, self.updates) = (first, second, updates)
  }

  /// m ← β m + (1 − β) g.
  ///
  /// - Returns: m̂ = m/(1 − βᵗ).
  public mutating func takeUpFirst(_ g: Double, decay: Double) -> Double {
    first = decay * first + Self.gain(decay) * g
    return first / (1 - pow(decay, Double(updates)))
  }

  /// v ← β v + (1 − β) g².
  ///
  /// - Parameter isCorrected: false for v itself in place of v̂.
  /// - Returns: v̂ = v/(1 − βᵗ).
  public mutating func takeUpSecond(_ g: Double, decay: Double, isCorrected: Bool = true) -> Double {
    second = decay * second + Self.gain(decay) * g * g
    return isCorrected ? second / (1 - pow(decay, Double(updates))) : second
  }

  /// 1 − β as the decimal that a person would write: 0.1 for 0.9, where 1 − 0.9 in binary is a little less. Learned
  /// weights have always been averaged by it, and keep their bits.
  private static func gain(_ decay: Double) -> Double { ((1 - decay) * 1e15).rounded() / 1e15 }
}
