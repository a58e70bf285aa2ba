private import Glibc

/// Bytes that do not change: a file mapped into memory, or memory of exactly the requested size.
///
/// All ranks of a machine share a mapped file through the page cache. The file must not be shortened while it is
/// mapped: the system would end a process that reads beyond the new end.
@safe
final class ByteStorage: @unchecked Sendable {
  /// The first byte; valid as long as the storage exists.
  private let base: UnsafeRawPointer
  let count: Int

  /// Maps a whole file that is not empty.
  init(mapping file: borrowing SystemFile) throws(DatasetError) {
    precondition(file.byteCount > 0, "an empty file cannot be mapped")
    count = file.byteCount
    unsafe base = try file.map()
  }

  /// New memory of `count` zero bytes, which `write` fills once.
  ///
  /// Pages that are never written use no memory, so a large count from a damaged header does no harm by itself.
  ///
  /// - Throws: `content` naming `path` if the system does not provide the memory, and errors of `write`.
  init(
    count: Int, for path: String, write: (UnsafeMutableRawBufferPointer) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    precondition(count > 0, "memory of no bytes cannot be had")
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let address = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .content(path, "needs \(count) bytes of memory", remedy: "run on a machine with more memory")
    }
    self.count = count
    unsafe base = UnsafeRawPointer(address)
    // From here on the memory is freed by deinit, also if `write` throws.
    try unsafe write(UnsafeMutableRawBufferPointer(start: address, count: count))
  }

  deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// Calls `body` with the bytes in `range`; the pointer is valid only inside the call.
  @inline(__always)
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a view must lie within its bytes")
    // The range lies within the storage, which outlives the call.
    return withExtendedLifetime(self) {
      let start = unsafe base.advanced(by: range.lowerBound).assumingMemoryBound(to: UInt8.self)
      return unsafe body(UnsafeBufferPointer(start: start, count: range.count))
    }
  }

  /// One byte.
  subscript(offset: Int) -> UInt8 { unsafe withBytes(offset..<offset + 1) { unsafe $0[0] } }
}
