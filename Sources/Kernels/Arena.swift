private import Glibc

/// One contiguous, zero-filled run of numbers in memory, aligned to a cache line.
///
/// Everything a training step touches lies in arenas that are allocated before the first step; vectors and matrices are
/// views of them.
@safe
public final class Arena<Scalar: Real> {
  /// The size of a huge page on the processors at hand.
  private static var hugePage: Int { 1 << 21 }

  /// The first number; valid as long as the arena lives.
  @usableFromInline let base: UnsafeMutablePointer<Scalar>
  /// How many numbers the arena holds.
  public let count: Int
  /// What keeps the memory where it is not the arena's own.
  private let owner: AnyObject?
  /// The bytes that the system mapped for a large arena; 0 where the memory is another's or the allocator's.
  private let mappedBytes: Int

  /// An arena of `count` zeros.
  public init(count: Int) {
    precondition(count >= 0, "an arena cannot hold a negative number of elements")
    self.count = count
    owner = nil
    let needed = max(count, 1) * MemoryLayout<Scalar>.stride
    let isLarge = needed >= Self.hugePage
    // Whole pages, or whole cache lines.
    let unit = isLarge ? 4096 : 64
    let bytes = (needed + unit - 1) / unit * unit
    mappedBytes = isLarge ? bytes : 0
    // An allocation that fails leaves nothing to go on with: like Swift's own, it ends the process.
    guard let memory = unsafe isLarge ? Self.map(bytes) : aligned_alloc(unit, bytes) else {
      preconditionFailure("\(bytes) bytes are not available")
    }
    if !isLarge { unsafe memset(memory, 0, bytes) }
    unsafe base = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
  }

  /// Zeros from the system, which gives a page only when it is touched: what a rank leaves to others costs it nothing.
  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let room = bytes + hugePage
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let start = unsafe mmap(nil, room, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe start != MAP_FAILED else {
      return nil
    }
    let head = (hugePage - Int(bitPattern: start) % hugePage) % hugePage
    if head > 0 { unsafe munmap(start, head) }
    unsafe munmap(start + head + bytes, room - head - bytes)
    // Large arenas get huge pages where the system grants them: fewer address translations in products and loops. Whole
    // ones only: the last, begun one would take memory for numbers that are not there.
    unsafe madvise(start + head, bytes / hugePage * hugePage, MADV_HUGEPAGE)
    return unsafe start + head
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
    mappedBytes = 0
    unsafe base = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
  }

  deinit {
    guard owner == nil else { return }
    if mappedBytes > 0 { unsafe munmap(base, mappedBytes) } else { unsafe free(base) }
  }

  /// All of the arena.
  public var all: Vector<Scalar> { Vector(self, offset: 0, count: count) }
}
