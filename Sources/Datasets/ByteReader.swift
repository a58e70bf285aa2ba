/// The content of a file from beginning to end, decompressed while it is read if its first bytes are those of gzip.
@safe
final class ByteReader {
  private enum Input: ~Copyable {
    case file(SystemFile)
    case memory([UInt8])
  }

  /// The number of compressed bytes that are read at a time.
  private static let chunkCount = 1 << 16

  let path: String
  /// Whether the content is compressed and decompressed while it is read.
  let isCompressed: Bool
  /// The size of the input; the compressed size if the input is compressed.
  let inputCount: Int
  /// The number of bytes of content read so far.
  private(set) var position = 0

  private let input: Input
  private var inputPosition = 0
  private let inflater: GzipInflater?
  private let chunk: UnsafeMutableRawBufferPointer
  /// The part of `chunk` that has not yet been decompressed.
  private var pending = 0..<0
  private var isBetweenMembers = false
  private var isAtEnd = false

  /// Opens a file.
  init(_ path: String) throws(DatasetError) {
    let file = try SystemFile(path)
    let start = try file.start(count: 2)
    self.path = path
    inputCount = file.byteCount
    isCompressed = start == [0x1f, 0x8b]
    inflater = isCompressed ? GzipInflater() : nil
    input = .file(file)
    unsafe chunk = .allocate(byteCount: isCompressed ? Self.chunkCount : 0, alignment: 1)
  }

  /// Reads bytes in memory; errors call them `name`.
  init(_ bytes: [UInt8], name: String) {
    path = name
    inputCount = bytes.count
    isCompressed = bytes.starts(with: [0x1f, 0x8b])
    inflater = isCompressed ? GzipInflater() : nil
    input = .memory(bytes)
    unsafe chunk = .allocate(byteCount: isCompressed ? Self.chunkCount : 0, alignment: 1)
  }

  deinit { unsafe chunk.deallocate() }

  /// The largest number of bytes that the content can have, given the size of the input.
  var largestCount: Int {
    isCompressed ? inputCount.multipliedReportingOverflow(by: GzipInflater.largestExpansion).partialValue : inputCount
  }

  /// The whole file in memory without a copy; only for files that are not compressed and not empty.
  func map() throws(DatasetError) -> ByteStorage {
    precondition(!isCompressed, "compressed content cannot be mapped")
    switch input {
    case .file(let file): return try ByteStorage(mapping: file)
    case .memory(let bytes):
      return try unsafe ByteStorage(count: bytes.count, for: path) { unsafe $0.copyBytes(from: bytes) }
    }
  }

  /// Writes the next bytes of the content to the buffer until it is full or the content ends.
  ///
  /// - Returns: the number of bytes written; fewer than the buffer holds only at the end.
  /// - Throws: `missing` if the file cannot be read, `content` if its compressed data are damaged or incomplete.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    let given: Int
    if let inflater {
      given = try unsafe decompress(with: inflater, into: buffer)
    } else {
      given = try unsafe readInput(into: buffer)
    }
    position += given
    return given
  }

  /// The next `count` bytes, or fewer if the content ends earlier.
  func read(count: Int) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.removeLast(count - (try read(into: &bytes, from: 0)))
    return bytes
  }

  /// Overwrites the bytes of an array from `start` on until it is full or the content ends; returns the number of
  /// bytes.
  func read(into bytes: inout [UInt8], from start: Int) throws(DatasetError) -> Int {
    precondition(start <= bytes.count, "bytes must be read into their array")
    var outcome = Result<Int, DatasetError>.success(0)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
      outcome = Result { () throws(DatasetError) in try unsafe read(into: rest) }
    }
    return try outcome.get()
  }

  /// Skips `count` bytes, or fewer if the content ends earlier; returns the number of bytes.
  func skip(_ count: Int) throws(DatasetError) -> Int {
    if !isCompressed {
      let step = min(count, inputCount - position)
      position += step
      switch input {
      case .file(let file): try file.seek(to: position)
      case .memory: inputPosition = position
      }
      return step
    }
    var skipped = 0
    while skipped < count {
      let step = try read(count: min(count - skipped, Self.chunkCount)).count
      if step == 0 { break }
      skipped += step
    }
    return skipped
  }

  private func readInput(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var count = 0
    switch input {
    case .file(let file): count = try unsafe file.read(into: buffer)
    case .memory(let bytes):
      let rest = bytes[inputPosition...].prefix(buffer.count)
      unsafe buffer.copyBytes(from: rest)
      count = rest.count
    }
    inputPosition += count
    return count
  }
}

extension ByteReader {
  private func decompress(
    with inflater: GzipInflater, into buffer: UnsafeMutableRawBufferPointer
  ) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count, !isAtEnd {
      if pending.isEmpty {
        pending = 0..<(try unsafe readInput(into: chunk))
        if pending.isEmpty {
          guard isBetweenMembers else { throw incomplete(after: position + filled) }
          isAtEnd = true
          break
        }
      }
      if isBetweenMembers {
        try startMember(inflater)
        continue
      }
      let source = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[pending])
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let step = unsafe inflater.inflate(source, into: target)
      pending = pending.dropFirst(step.taken)
      filled += step.given
      switch step.outcome {
      case .ongoing: break
      case .endOfMember: isBetweenMembers = true
      case .damaged(let reason): throw damaged(reason)
      }
    }
    return filled
  }

  /// Between two members: zero bytes are padding, as for gzip(1); anything else begins a member.
  private func startMember(_ inflater: GzipInflater) throws(DatasetError) {
    while let first = pending.first, unsafe chunk[first] == 0 { pending = pending.dropFirst() }
    guard let first = pending.first else { return }
    guard unsafe chunk[first] == 0x1f else { throw damaged("bytes that are no gzip data follow its end") }
    isBetweenMembers = false
    inflater.reset()
  }

  private func damaged(_ reason: String) -> DatasetError {
    let place = "near byte \(inputPosition - pending.count) of \(inputCount)"
    return .content(path, "has damaged gzip data (\(reason)) \(place)", remedy: DatasetError.replaceDamaged)
  }

  private func incomplete(after count: Int) -> DatasetError {
    .content(
      path, "ends within its gzip data, after \(inputCount) bytes that hold \(count) of content",
      remedy: DatasetError.fetchAgain)
  }
}
