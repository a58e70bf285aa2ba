private import CZlib

/// Decompresses one gzip stream: members one after another, each with its checksum.
///
/// zlib stores the address of its state, so the state has a fixed place in memory.
@safe
final class GzipInflater {
  enum Outcome {
    /// The output is full, or the input is used up.
    case ongoing
    /// A member ended and its checksum was right; the rest of the input has not been read.
    case endOfMember
    /// The bytes are not a gzip stream, or a checksum is wrong; with zlib's reason.
    case damaged(String)
  }

  /// No gzip stream expands by more than this factor: a deflate symbol of at least two bits gives at most 258 bytes.
  static let largestExpansion = 1032

  private let stream: UnsafeMutablePointer<z_stream>

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 + 16: the largest window, gzip wrapping only.
    let code = unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib cannot be started: code \(code)")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decompresses from `input` to `output` until one of them ends.
  ///
  /// - Returns: the outcome, the number of bytes read, and the number of bytes written.
  func inflate(
    _ input: UnsafeMutableRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (outcome: Outcome, taken: Int, given: Int) {
    // zlib counts in 32 bits, and reads and writes no more than the given sizes.
    let available = (input: min(input.count, 1 << 30), output: min(output.count, 1 << 30))
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = UInt32(available.input)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(available.output)
    let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
    let taken = unsafe available.input - Int(stream.pointee.avail_in)
    let given = unsafe available.output - Int(stream.pointee.avail_out)
    switch code {
    case Z_OK, Z_BUF_ERROR: return (.ongoing, taken, given)
    case Z_STREAM_END: return (.endOfMember, taken, given)
    default:
      let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      return (.damaged(message ?? "zlib code \(code)"), taken, given)
    }
  }

  /// Prepares for the next member.
  func reset() { unsafe inflateReset(stream) }
}
