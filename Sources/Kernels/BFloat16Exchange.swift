private import CKernels
private import Glibc

/// The memory in which vectors up to a given length are summed as bfloat16 (``GlobalSum/sumNonNegative(_:through:)``).
///
/// The first sum allocates the memory that depends on ranks and length; later sums of the same kind allocate nothing.
public final class BFloat16Exchange {
  /// The largest number of elements that are exchanged at once.
  public let capacity: Int
  /// This rank's elements before the exchange, the sums after it.
  public let own: BFloat16Array
  /// The addends of all ranks for the part that this rank adds up, [ranks × ``part``.count].
  public private(set) var gathered = BFloat16Array(count: 0)

  /// The start and length of each rank's part of the elements.
  public private(set) var starts: [Int32] = []
  public private(set) var counts: [Int32] = []
  /// The start and length of each rank's addends in ``gathered``.
  public private(set) var places: [Int32] = []
  public private(set) var lengths: [Int32] = []
  /// This rank's part.
  public private(set) var part = 0..<0
  /// The sizes for which the arrays were last prepared.
  private var made = (count: 0, rank: 0, ranks: 0)

  /// - Parameter elements: the number of elements of the longest vector. Vectors of more than 2³⁰ elements are
  ///   exchanged in pieces.
  public init(elements: Int) {
    capacity = min(elements, 1 << 30)
    own = BFloat16Array(count: capacity)
  }

  /// The ranges of a vector that are exchanged one after another.
  public func pieces(of values: Vector<Float>) -> some Sequence<Range<Int>> {
    let (count, capacity) = (values.count, max(capacity, 1))
    return stride(from: 0, to: count, by: capacity).lazy.map { $0..<min($0 + capacity, count) }
  }

  /// Splits `count` elements into one part for each rank, and makes room for the addends.
  public func prepare(count: Int, rank: Int, ranks: Int) {
    precondition(count <= capacity, "what is exchanged at once must fit")
    guard made != (count, rank, ranks) else { return }
    made = (count, rank, ranks)
    let parts = (0..<ranks).map { shard(0..<count, rank: $0, of: ranks) }
    part = parts[rank]
    starts = parts.map { Int32($0.lowerBound) }
    counts = parts.map { Int32($0.count) }
    places = parts.indices.map { Int32($0 * part.count) }
    lengths = parts.map { _ in Int32(part.count) }
    if gathered.count < ranks * part.count { gathered = BFloat16Array(count: ranks * part.count) }
  }

  /// Rounds the elements to bfloat16.
  func roundInPlace(_ values: Vector<Float>) {
    own.round(values)
    own.widen(into: values)
  }
}

/// An array of bfloat16 numbers, which have the exponents of Float and 8 bits of precision. Each is stored as the upper
/// half of the bits of its Float.
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
  /// The relative error is at most 2⁻⁸. Denormal numbers lose their last places, with an absolute error of at most
  /// 2⁻¹³⁴. Numbers that round above the largest finite number become infinite; NaN stays NaN.
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
  ///   - addends: x, [parts × range.count] in its first elements; must be another array.
  public func setSums(_ range: Range<Int>, of addends: BFloat16Array, parts: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "sums must lie within their array")
    precondition(parts >= 0 && parts * range.count <= addends.count, "every part must have its addends")
    precondition(addends !== self, "sums must not overwrite their addends")
    unsafe bfloat16_sum(parts, range.count, addends.base, base + range.lowerBound)
  }

  /// Calls `body` with the bits of the first elements.
  public func withMutableBits<Result>(
    _ count: Int, _ body: (inout MutableSpan<UInt16>) throws -> Result
  ) rethrows -> Result {
    precondition(count >= 0 && count <= self.count, "a span must lie within its array")
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return try body(&span)
  }
}
