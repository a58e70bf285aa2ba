/// The raw features of all samples, stored as compactly as in their files.
enum SampleStorage: Sendable {
  case bytes([ByteRows])
  /// [samples × features], row by row.
  case doubles([Double])
}

/// Rows of bytes of equal length at equal distances in a storage: the images of one file.
struct ByteRows: Sendable {
  let storage: ByteStorage
  /// The offset of the first row.
  let offset: Int
  /// The distance from the beginning of one row to the beginning of the next.
  let stride: Int
  /// The number of bytes in a row.
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

  /// Calls `body` with one row; the pointer is valid only inside the call.
  @inline(__always)
  func withRow<Result>(_ row: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let start = offset + row * stride
    return unsafe storage.withBytes(start..<start + columns, body)
  }
}

extension SampleStorage {
  /// Calls `bytes` or `doubles` with the features of one sample; the pointer is valid only inside the call.
  @inline(__always)
  func withSample<Result>(
    _ id: Int, features: Int,
    bytes: (UnsafeBufferPointer<UInt8>) -> Result, doubles: (UnsafeBufferPointer<Double>) -> Result
  ) -> Result {
    switch self {
    case .bytes(let parts):
      var row = id
      var part = 0
      // The array's own check stops an identifier that is too large.
      while row >= parts[part].count {
        row -= parts[part].count
        part += 1
      }
      return unsafe parts[part].withRow(row, bytes)
    case .doubles(let values):
      precondition(id >= 0 && (id + 1) * features <= values.count, "a sample must lie within its dataset")
      // This row and the rows before it lie within the array.
      return unsafe values.withUnsafeBufferPointer { all in
        unsafe doubles(UnsafeBufferPointer(rebasing: all[id * features..<(id + 1) * features]))
      }
    }
  }
}

/// The targets of the samples in a dataset: one class each, or one row of real numbers each.
enum SampleTargets: Sendable {
  /// The class number of each sample, and the names of the classes.
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

  /// The number of columns of one target: the classes of a one-hot row, or the columns of values.
  var columns: Int {
    switch self {
    case .classes(_, let names): names.count
    case .values(_, let columns): columns
    }
  }

  /// The names of the classes; empty for values.
  var classNames: [String] { if case .classes(_, let names) = self { names } else { [] } }
}
