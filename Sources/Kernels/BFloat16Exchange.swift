/// The memory in which vectors of up to a length are added up as bfloat16 (``GlobalSum/sumNonNegative(_:through:)``).
///
/// The first sum allocates what depends on ranks and length; later ones like it allocate nothing.
public final class BFloat16Exchange {
  /// The most elements that are exchanged at once.
  public let capacity: Int
  /// The elements of this rank, then the sums.
  public let own: BFloat16Array
  /// The addends of all ranks for the part that this rank adds up, [ranks × ``part``.count].
  public private(set) var gathered = BFloat16Array(count: 0)

  /// Of each rank's part of the elements.
  public private(set) var starts: [Int32] = []
  public private(set) var counts: [Int32] = []
  /// Of each rank's addends in ``gathered``.
  public private(set) var places: [Int32] = []
  public private(set) var lengths: [Int32] = []
  /// This rank's part.
  public private(set) var part = 0..<0
  /// What all this was made for.
  private var made = (count: 0, rank: 0, ranks: 0)

  /// - Parameter elements: of the longest vector; it goes in pieces where they are more than 2³⁰.
  public init(elements: Int) {
    capacity = min(elements, 1 << 30)
    own = BFloat16Array(count: capacity)
  }

  /// The ranges of a vector that are exchanged one after another.
  public func pieces(of values: Vector<Float>) -> some Sequence<Range<Int>> {
    let (count, capacity) = (values.count, max(capacity, 1))
    return stride(from: 0, to: count, by: capacity).lazy.map { $0..<min($0 + capacity, count) }
  }

  /// Cuts `count` elements into a part for each rank, and makes room for their addends.
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
