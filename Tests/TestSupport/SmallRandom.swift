import Foundation

/// A seeded generator (SplitMix64) for small problems: the same seed gives the same problem everywhere, up to the
/// last bits of `log` and `cos`.
public struct SmallRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) {
    state = seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Uniform in [0, 1) with 53 bits.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform in the range.
  public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// Uniform in the range of integers.
  public mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// `true` with the given probability.
  public mutating func chance(_ probability: Double) -> Bool {
    uniform() < probability
  }

  /// Standard normal (Box and Muller).
  public mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * Double.pi * uniform())
  }

  /// One of the values.
  public mutating func element<Value>(_ values: [Value]) -> Value {
    precondition(!values.isEmpty, "There is at least one value to choose from.")
    return values[integer(0...values.count - 1)]
  }

  /// A step Δw: independent normal numbers times `scale`.
  public mutating func step(count: Int, scale: Double) -> [Double] {
    (0..<count).map { _ in scale * normal() }
  }

  /// A step Δw with the given share of zeros, so that single parameters and small groups move alone.
  public mutating func sparseStep(count: Int, scale: Double, zeros: Double) -> [Double] {
    (0..<count).map { _ in chance(zeros) ? 0 : scale * normal() }
  }
}
