private import Glibc

/// One contiguous, zero-filled run of numbers in memory, aligned to a cache line.
///
/// Everything a training step touches lies in arenas that are allocated before the first step; vectors and matrices are
/// views of them.
@safe
public final class Arena<Scalar: Real> {
  /// The sizes of pages on the processors at hand.
  private static var page: Int { 1 << 12 }
  private static var hugePage: Int { 1 << 21 }
  /// From so many bytes on an arena is mapped by itself.
  private static var large: Int { 1 << 17 }

  /// The first number; valid as long as the arena lives.
  @usableFromInline let base: UnsafeMutablePointer<Scalar>
  /// How many numbers the arena holds.
  public let count: Int
  /// What keeps the memory where it is not the arena's own.
  private let owner: AnyObject?
  /// What the system mapped for a large arena; nil where the memory is another's or the allocator's.
  private let mapping: UnsafeMutableRawBufferPointer?

  /// An arena of `count` zeros.
  public init(count: Int) {
    precondition(count >= 0, "an arena cannot hold a negative number of elements")
    self.count = count
    owner = nil
    let needed = max(count, 1) * MemoryLayout<Scalar>.stride
    if needed >= Self.large {
      // One page more, for the place of the first number.
      let bytes = (needed + 2 * Self.page - 1) / Self.page * Self.page
      guard let start = unsafe Self.map(bytes) else { OutOfMemory.end(wanting: bytes) }
      unsafe mapping = UnsafeMutableRawBufferPointer(start: start, count: bytes)
      let memory = unsafe start + Self.offset(start)
      unsafe base = memory.bindMemory(to: Scalar.self, capacity: count)
    } else {
      // Whole cache lines.
      let bytes = (needed + 63) / 64 * 64
      guard let memory = unsafe aligned_alloc(64, bytes) else { OutOfMemory.end(wanting: bytes) }
      unsafe memset(memory, 0, bytes)
      unsafe mapping = nil
      unsafe base = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
    }
  }

  /// Zeros from the system, which gives a page only when it is touched: what a rank leaves to others costs it nothing.
  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let room = bytes < hugePage ? bytes : bytes + hugePage
    guard let start = unsafe OutOfMemory.mapZeros(room) else { return nil }
    guard bytes >= hugePage else { return unsafe start }
    let head = (hugePage - Int(bitPattern: start) % hugePage) % hugePage
    if head > 0 { unsafe munmap(start, head) }
    unsafe munmap(start + head + bytes, room - head - bytes)
    // Large arenas get huge pages where the system grants them: fewer address translations in products and loops. Whole
    // ones only: the last, begun one would take memory for numbers that are not there.
    unsafe madvise(start + head, bytes / hugePage * hugePage, MADV_HUGEPAGE)
    return unsafe start + head
  }

  /// Where the first number lies within its page, in whole cache lines: somewhere else for each arena, since a loop over
  /// several arrays whose addresses have the same last bits waits for its own stores, and shares few sets of the cache.
  private static func offset(_ start: UnsafeMutableRawPointer) -> Int {
    let place = UInt64(UInt(bitPattern: start)) / UInt64(page)
    // The upper bits of Fibonacci hashing.
    return Int((place &* 0x9E37_79B9_7F4A_7C15) >> 58) * 64
  }

  /// An arena over zero-filled memory that something else keeps, for example memory that other processes see.
  ///
  /// - Parameters:
  ///   - memory: room for `count` numbers, aligned like them.
  ///   - owner: keeps the memory as long as the arena holds it.
  @unsafe
  public init(over memory: UnsafeMutableRawPointer, count: Int, owner: AnyObject) {
    precondition(count >= 0, "an arena cannot hold a negative number of elements")
    self.count = count
    self.owner = owner
    unsafe mapping = nil
    unsafe base = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
  }

  deinit {
    guard owner == nil else { return }
    if let mapping = unsafe mapping { unsafe munmap(mapping.baseAddress, mapping.count) } else { unsafe free(base) }
  }

  /// All of the arena.
  public var all: Vector<Scalar> { Vector(self, offset: 0, count: count) }
}
