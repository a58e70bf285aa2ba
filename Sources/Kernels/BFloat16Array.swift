private import CKernels
private import Glibc

/// A run of numbers with the exponents of Float and 8 bits of precision (bfloat16), each kept as the upper half of the bits
/// of its Float.
@safe
public final class BFloat16Array {
  @usableFromInline let base: UnsafeMutablePointer<UInt16>
  public let count: Int

  /// An array of zeros.
  public init(count: Int) {
    precondition(count >= 0, "an array cannot hold a negative number of elements")
    self.count = count
    OutOfMemory.check(count * MemoryLayout<UInt16>.stride)
    unsafe base = UnsafeMutablePointer<UInt16>.allocate(capacity: max(count, 1))
    unsafe base.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { unsafe base.deallocate() }

  /// The bits of all elements.
  public var bits: [UInt16] {
    get { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }
    set {
      precondition(newValue.count == count, "the bits of all elements are set together")
      for (k, value) in newValue.enumerated() { unsafe base[k] = value }
    }
  }

  /// Overwrites the first elements with numbers rounded to nearest, ties to even.
  ///
  /// Off by at most 2⁻⁸ relatively, 2⁻¹³⁴ absolutely where the last places of denormal numbers are lost. What rounds above
  /// the greatest number becomes infinite; a NaN stays one.
  public func round(_ values: Vector<Float>) {
    precondition(values.count <= count, "rounded numbers must fit the array")
    unsafe bfloat16_round(values.count, values.pointer, base)
  }

  /// Writes the first elements as Floats, exactly.
  public func widen(into values: Vector<Float>) {
    precondition(values.count <= count, "as many numbers must be there as are read")
    unsafe bfloat16_widen(values.count, base, values.pointer)
  }

  /// Overwrites the elements of a range with Σ_p x_pk, added in Float in the order of the parts and rounded once.
  ///
  /// - Parameters:
  ///   - addends: x, [parts × range.count] in its first elements; another array.
  public func setSums(_ range: Range<Int>, of addends: BFloat16Array, parts: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "sums must lie within their array")
    precondition(parts >= 0 && parts * range.count <= addends.count, "every part must have its addends")
    precondition(addends !== self, "sums must not overwrite their addends")
    unsafe bfloat16_sum(parts, range.count, addends.base, base + range.lowerBound)
  }

  /// Gives the bits of the first elements to `body`.
  public func withMutableBits<Result>(
    _ count: Int, _ body: (inout MutableSpan<UInt16>) throws -> Result
  ) rethrows -> Result {
    precondition(count >= 0 && count <= self.count, "a span must lie within its array")
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return try body(&span)
  }
}
