internal import Kernels

/// Wrong labels by chance: each label is flipped to another class with the same probability, independently of the others.
///
/// Whether and to what a sample's label is flipped depends on the seed and the sample's identifier only, not on its
/// place in a training set. Of two rates with the same seed, the higher one flips every label that the lower one flips,
/// to the same class.
public struct LabelNoise: Equatable, Sendable {
  /// What a flipped label of class c becomes.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// One of the other classes, all equally likely.
    case uniform
    /// (c + 1) mod classes, as when neighbouring classes are confused.
    case pairFlip
  }

  public let kind: Kind
  /// The probability that a label is flipped.
  public let rate: Double
  public let seed: UInt64

  /// - Precondition: `rate` is from 0 to 1.
  public init(kind: Kind, rate: Double, seed: UInt64) {
    precondition((0...1).contains(rate), "a probability is from 0 to 1")
    (self.kind, self.rate, self.seed) = (kind, rate, seed)
  }

  /// The label that a sample of class `label` gets; its own where it is not flipped.
  ///
  /// - Precondition: there are two or more classes.
  public func label(of id: Int, truly label: Int, classes: Int) -> Int {
    precondition(classes > 1, "a label can only be flipped to another class")
    let stream = RandomStream(seed: seed, .labelNoise, id)
    guard stream.uniform(0) < rate else { return label }
    let step =
      switch kind {
      // The high word of a 64 × 64-bit product; its bias is below classes/2⁶⁴.
      case .uniform: 1 + Int(stream[1].multipliedFullWidth(by: UInt64(classes - 1)).high)
      case .pairFlip: 1
      }
    return (label + step) % classes
  }
}
