private import Glibc

/// Contiguous, zero-filled memory for numbers, aligned to a cache line.
///
/// Everything a training step touches lies in arenas that are allocated before the first step; vectors and matrices are
/// views of them.
@safe
public final class Arena<Scalar: Real> {
  /// The usual page sizes.
  private static var page: Int { 1 << 12 }
  private static var hugePage: Int { 1 << 21 }
  /// An arena of at least so many bytes gets a memory mapping of its own.
  private static var large: Int { 1 << 17 }

  /// The first number; valid as long as the arena lives.
  @usableFromInline let base: UnsafeMutablePointer<Scalar>
  /// How many numbers the arena holds.
  public let count: Int
  /// The object that keeps the memory alive; nil where the arena owns the memory.
  private let owner: AnyObject?
  /// The memory mapping of a large arena; nil where the memory has another owner or comes from the allocator.
  private let mapping: UnsafeMutableRawBufferPointer?

  /// An arena of `count` zeros.
  public init(count: Int) {
    precondition(count >= 0, "an arena cannot hold a negative number of elements")
    self.count = count
    owner = nil
    let needed = max(count, 1) * MemoryLayout<Scalar>.stride
    if needed >= Self.large {
      // One more page, because the first number has an offset within its page.
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

  /// Maps memory of zeros. The system provides a page only when it is touched, so the parts that a rank leaves to other
  /// ranks cost it nothing.
  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let room = bytes < hugePage ? bytes : bytes + hugePage
    guard let start = unsafe OutOfMemory.mapZeros(room) else { return nil }
    guard bytes >= hugePage else { return unsafe start }
    let head = (hugePage - Int(bitPattern: start) % hugePage) % hugePage
    if head > 0 { unsafe munmap(start, head) }
    unsafe munmap(start + head + bytes, room - head - bytes)
    // Large arenas get huge pages where the system grants them, which saves address translations in products and loops.
    // Only whole huge pages are requested: a partly used one would take memory for numbers that do not exist.
    unsafe madvise(start + head, bytes / hugePage * hugePage, MADV_HUGEPAGE)
    return unsafe start + head
  }

  /// The offset of the first number within its page: whole cache lines, in bytes. It differs between arenas. If several
  /// arrays had the same low address bits, a loop over them would wait for its own stores, and the arrays would share
  /// few sets of the cache.
  private static func offset(_ start: UnsafeMutableRawPointer) -> Int {
    let place = UInt64(UInt(bitPattern: start)) / UInt64(page)
    // The upper bits of Fibonacci hashing.
    return Int((place &* 0x9E37_79B9_7F4A_7C15) >> 58) * 64
  }

  /// An arena over zero-filled memory that another object keeps alive, for example memory shared with other processes.
  ///
  /// - Parameters:
  ///   - memory: room for `count` numbers, aligned for their type.
  ///   - owner: keeps the memory alive as long as the arena refers to it.
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
