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

  /// An arena of `count` zeros.
  public init(count: Int) {
    precondition(count >= 0, "an arena cannot hold a negative number of elements")
    self.count = count
    let needed = max(count, 1) * MemoryLayout<Scalar>.stride
    // Large arenas get huge pages where the system grants them: fewer address translations in products and loops.
    let isLarge = needed >= Self.hugePage
    let alignment = isLarge ? Self.hugePage : 64
    let bytes = (needed + 63) / 64 * 64
    // An allocation that fails leaves nothing to go on with: like Swift's own, it ends the process.
    guard let memory = unsafe aligned_alloc(alignment, bytes) else {
      preconditionFailure("\(bytes) bytes are not available")
    }
    // Whole ones only: the last, begun one would take memory for numbers that are not there.
    if isLarge { unsafe madvise(memory, needed / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
    unsafe memset(memory, 0, bytes)
    unsafe base = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
  }

  deinit { unsafe free(base) }

  /// All of the arena.
  public var all: Vector<Scalar> { Vector(self, offset: 0, count: count) }
}
