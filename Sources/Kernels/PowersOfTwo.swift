// Powers of two, by which numbers are scaled without rounding as long as they stay within the range of their type.

extension Real {
  /// 2^exponent; where the type cannot hold it, 0 or the type's largest power of two.
  ///
  /// Never infinite, so that a product with 0 is 0.
  public static func power(ofTwo exponent: Int) -> Self {
    let largest = Int(greatestFiniteMagnitude.exponent)
    return Self(sign: .plus, exponent: Exponent(min(exponent, largest)), significand: 1)
  }
}

extension Vector {
  /// In place: x_k ← 2^exponent x_k, for any exponent, even one whose power the type cannot hold.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scale(byPowerOfTwo exponent: Int) {
    let most = Int(Scalar.greatestFiniteMagnitude.exponent) - 1
    var rest = exponent
    while rest != 0 {
      let part = min(max(rest, -most), most)
      let factor = Scalar.power(ofTwo: part)
      update(self) { factor * $0 }
      rest -= part
    }
  }

  /// ⌊log₂⌋ of the largest finite magnitude; nil where all finite elements are 0.
  public var largestExponent: Int? { findLargestExponent() }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func findLargestExponent() -> Int? {
    var largest: Scalar = 0
    for k in 0..<count {
      let magnitude = self[k].magnitude
      if magnitude > largest, magnitude.isFinite { largest = magnitude }
    }
    return largest == 0 ? nil : Int(largest.exponent)
  }
}
