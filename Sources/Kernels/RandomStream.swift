private import Glibc

/// Random numbers that are addressed by their purpose, never by the rank that draws them.
///
/// A stream is a function of its address, and a draw is a function of its index in the stream. So every rank that uses
/// the same address sees the same numbers, in any order. The generator is the SplitMix64 sequence (Steele, Lea, Flood,
/// OOPSLA 2014), started at a hash of the address.
public struct RandomStream: Sendable {
  /// The purpose of a stream; it separates streams whose addresses have equal numbers.
  public enum Purpose: UInt64, Sendable {
    case initialization = 1
    case shuffle = 2
    case benchmark = 3
    case dropout = 4
    case validation = 5
    case check = 7
    case labelNoise = 8
    case validationBatch = 9
    case unlabelled = 10
    case unlabelledBatch = 11
    case pairBatch = 12
    case student = 13
    case exponents = 15
  }

  private let start: UInt64

  /// The stream of one address, for example (seed, .shuffle, epoch).
  public init(seed: UInt64, _ purpose: Purpose, _ address: Int...) {
    var hash = Self.mix(seed &+ 0x9e37_79b9_7f4a_7c15)
    hash = Self.mix(hash ^ purpose.rawValue &* 0xd1b5_4a32_d192_ed03)
    for part in address { hash = Self.extend(hash, by: part) }
    start = hash
  }

  private init(start: UInt64) { self.start = start }

  /// The stream whose address is this one's followed by `part`; allocates nothing.
  public func substream(_ part: Int) -> RandomStream { RandomStream(start: Self.extend(start, by: part)) }

  /// The hash of an address with one more part.
  private static func extend(_ hash: UInt64, by part: Int) -> UInt64 {
    mix(hash &+ UInt64(bitPattern: Int64(part)) &* 0x9e37_79b9_7f4a_7c15)
  }

  /// SplitMix64's output function, a bijection of 64-bit numbers.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// 64 random bits.
  public subscript(index: Int) -> UInt64 {
    Self.mix(start &+ (UInt64(bitPattern: Int64(index)) &+ 1) &* 0x9e37_79b9_7f4a_7c15)
  }

  /// A number in [0, 1), a multiple of 2⁻⁵³.
  public func uniform(_ index: Int) -> Double { Double(self[index] >> 11) * 0x1p-53 }

  /// A standard normal number, by Box and Muller from draws 2·index and 2·index + 1.
  public func normal(_ index: Int) -> Double {
    let radius = (-2 * Glibc.log(1 - uniform(2 * index))).squareRoot()
    return radius * Glibc.cos(2 * Double.pi * uniform(2 * index + 1))
  }

  /// Permutes the elements in place (Fisher and Yates); every permutation is equally likely.
  public func shuffle(_ elements: inout [Int32]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      // The high word of a 64 × 64-bit product; its bias is below count/2⁶⁴.
      let other = Int(self[last].multipliedFullWidth(by: UInt64(last + 1)).high)
      elements.swapAt(last, other)
    }
  }
}

extension RandomStream {
  /// (M21) The dropout mask of one sample and layer: `1[r_k < keep]/keep` for unit k, r_k = ``uniform(_:)`` of k.
  ///
  /// - Parameters:
  ///   - keep: the probability that a unit is kept, in (0, 1].
  /// - Complexity: one hash for each unit; allocates nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func fillMask<Scalar: Real>(_ mask: Vector<Scalar>, keep: Double) {
    precondition(keep > 0 && keep <= 1, "the probability of keeping a unit must lie in (0, 1]")
    // For a whole number b, r = b·2⁻⁵³ < keep exactly where b < ⌈keep·2⁵³⌉; both products are exact.
    let limit = UInt64((keep * 0x1p53).rounded(.up))
    let scale = Scalar(1 / keep)
    mask.withMutableSpan { mask in
      for unit in mask.indices { mask[unit] = self[unit] >> 11 < limit ? scale : 0 }
    }
  }
}
