/// The raw features of all samples, as compactly as their files hold them.
enum SampleStorage: Sendable {
  case bytes([ByteRows])
  /// [samples × features], row by row.
  case doubles([Double])
}

/// Equally long rows of bytes at equal distances within a storage: the images of one file.
struct ByteRows: Sendable {
  let storage: ByteStorage
  /// Where the first row begins.
  let offset: Int
  /// From the beginning of one row to that of the next.
  let stride: Int
  /// The bytes of a row.
  let columns: Int
  let count: Int

  init(_ storage: ByteStorage, offset: Int = 0, stride: Int? = nil, columns: Int, count: Int) {
    self.storage = storage
    self.offset = offset
    self.stride = stride ?? columns
    self.columns = columns
    self.count = count
    precondition(
      offset >= 0 && columns > 0 && count > 0 && self.stride >= columns
        && offset + (count - 1) * self.stride + columns <= storage.count,
      "rows must lie within their storage")
  }

  /// Gives one row to `body`; the pointer is valid inside only.
  @inline(__always)
  func withRow<Result>(_ row: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let start = offset + row * stride
    return unsafe storage.withBytes(start..<start + columns, body)
  }
}

extension SampleStorage {
  /// Gives the features of one sample to `bytes` or to `doubles`; the pointer is valid inside only.
  @inline(__always)
  func withSample<Result>(
    _ id: Int, features: Int,
    bytes: (UnsafeBufferPointer<UInt8>) -> Result, doubles: (UnsafeBufferPointer<Double>) -> Result
  ) -> Result {
    switch self {
    case .bytes(let parts):
      var row = id
      var part = 0
      // An identifier that is too large ends here at the array's own check.
      while row >= parts[part].count {
        row -= parts[part].count
        part += 1
      }
      return unsafe parts[part].withRow(row, bytes)
    case .doubles(let values):
      precondition(id >= 0 && (id + 1) * features <= values.count, "a sample must lie within its dataset")
      // The rows before and this one lie within the array.
      return unsafe values.withUnsafeBufferPointer { all in
        unsafe doubles(UnsafeBufferPointer(rebasing: all[id * features..<(id + 1) * features]))
      }
    }
  }
}

/// What the samples of a dataset stand for: one class each, or one row of real numbers each.
enum SampleTargets: Sendable {
  /// The number of each sample's class, and what the classes are called.
  case classes([Int32], names: [String])
  /// [samples × columns], row by row.
  case values([Double], columns: Int)

  /// The number of samples.
  var count: Int {
    switch self {
    case .classes(let numbers, _): numbers.count
    case .values(let values, let columns): values.count / columns
    }
  }

  /// The numbers of one target: the classes of a one-hot row, or the columns of values.
  var columns: Int {
    switch self {
    case .classes(_, let names): names.count
    case .values(_, let columns): columns
    }
  }

  /// What the classes are called; none for values.
  var classNames: [String] { if case .classes(_, let names) = self { names } else { [] } }
}
