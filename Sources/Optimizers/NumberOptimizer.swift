private import Glibc

/// An optimizer that can also update single numbers, each with averages of its own. `reweight` learns the weights of
/// training examples with it.
///
/// A weight takes part in some of the steps only, so every weight counts its own updates.
public protocol NumberOptimizer: Optimizer {
  /// −Δ/η for the derivative g; also updates the averages with g.
  func direction(_ g: Double, _ averages: inout NumberAverages) -> Double
}

/// The averages of a single number, and the number of updates that they contain, including the present one.
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
  /// - Parameter isCorrected: false to return v itself instead of v̂.
  /// - Returns: v̂ = v/(1 − βᵗ).
  public mutating func takeUpSecond(_ g: Double, decay: Double, isCorrected: Bool = true) -> Double {
    second = decay * second + Self.gain(decay) * g * g
    return isCorrected ? second / (1 - pow(decay, Double(updates))) : second
  }

  /// 1 − β, rounded to the decimal that a person would write: 0.1 for β = 0.9, although 1 − 0.9 in binary is slightly
  /// less. The bits of learned weights depend on this rounding.
  private static func gain(_ decay: Double) -> Double { ((1 - decay) * 1e15).rounded() / 1e15 }
}
