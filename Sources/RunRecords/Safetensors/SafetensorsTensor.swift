/// One named array of a safetensors file: element type, shape and the elements, row-major.
///
/// Two tensors are equal if their names, types, shapes and bits are: a NaN equals itself, and 0 differs from −0.
public struct SafetensorsTensor: Equatable, Sendable {
  /// The name, such as `layers.0.weight`; unique in its file.
  public let name: String
  /// The type in which the elements are stored.
  public let dtype: SafetensorsDType
  /// The lengths of the dimensions, outermost first; `[]` is a scalar, a length of 0 an empty tensor.
  public let shape: [Int]
  /// The elements as in the file: little-endian, row-major, without gaps.
  let bytes: [UInt8]

  /// Uses elements that were read from a file and checked against the shape.
  init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: [UInt8]) {
    precondition(
      dtype.byteCount(of: shape) == bytes.count, "\(bytes.count) bytes do not fill tensor \(name) of shape \(shape)")
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// Creates a tensor of F32 from Float and of F64 from Double.
  ///
  /// Any other type is stored in F32 if this is exact (Float16), and otherwise rounded to F64 (Float80).
  ///
  /// - Parameters:
  ///   - name: the name; not `__metadata__`, which the format reserves.
  ///   - shape: nonnegative lengths whose product is the number of values; `[]` holds one value.
  ///   - values: the elements, row-major.
  /// - Precondition: the number of values is the product of the shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar: BinaryFloatingPoint>(name: String, shape: [Int], values: [Scalar]) {
    if Scalar.significandBitCount <= Float.significandBitCount {
      let bytes = Self.bytes(of: values.map { Float($0).bitPattern.littleEndian })
      self.init(name: name, dtype: .f32, shape: shape, bytes: bytes)
    } else {
      let bytes = Self.bytes(of: values.map { Double($0).bitPattern.littleEndian })
      self.init(name: name, dtype: .f64, shape: shape, bytes: bytes)
    }
  }

  /// Creates a tensor of I64.
  ///
  /// - Precondition: the number of values is the product of the shape.
  public init(name: String, shape: [Int], integers: [Int]) {
    self.init(name: name, dtype: .i64, shape: shape, bytes: Self.bytes(of: integers.map { Int64($0).littleEndian }))
  }

  /// Creates a tensor of one I32, a power of two by which another tensor is to be multiplied.
  public init(name: String, exponent: Int) {
    self.init(name: name, dtype: .i32, shape: [], bytes: Self.bytes(of: [Int32(exponent).littleEndian]))
  }

  /// The number of elements.
  public var count: Int { bytes.count / dtype.byteCount }

  /// The elements as Float, row-major; see ``values(as:)``.
  public var floats: [Float] { values(as: Float.self) }

  /// The elements of an I64 tensor.
  var integers: [Int] { words(Int64.self).map { Int($0) } }

  /// The elements as Double, row-major; see ``values(as:)``.
  public var doubles: [Double] { values(as: Double.self) }

  /// The elements converted to `Scalar`, row-major.
  ///
  /// Every conversion rounds to the nearest value: F64 outside the range of Float becomes ±∞, and integers beyond 2⁵³
  /// (Double) or 2²⁴ (Float) lose their last digits. F32 as Float and F64 as Double keep all bits.
  ///
  /// - Complexity: O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func values<Scalar: BinaryFloatingPoint>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
    switch dtype {
    case .f64: words(UInt64.self).map { Scalar(Double(bitPattern: $0)) }
    case .f32: words(UInt32.self).map { Scalar(Float(bitPattern: $0)) }
    case .f16: words(UInt16.self).map { Scalar(Float(Float16(bitPattern: $0))) }
    case .bf16: words(UInt16.self).map { Scalar(Float(bitPattern: UInt32($0) << 16)) }
    case .i64: words(Int64.self).map { Scalar($0) }
    case .i32: words(Int32.self).map { Scalar($0) }
    case .i16: words(Int16.self).map { Scalar($0) }
    case .i8: words(Int8.self).map { Scalar($0) }
    case .u64: words(UInt64.self).map { Scalar($0) }
    case .u32: words(UInt32.self).map { Scalar($0) }
    case .u16: words(UInt16.self).map { Scalar($0) }
    case .u8: bytes.map { Scalar($0) }
    case .bool: bytes.map { $0 == 0 ? 0 : 1 }
    }
  }

  /// The bytes of whole numbers that are already in the file's byte order.
  private static func bytes<Word: FixedWidthInteger & BitwiseCopyable>(of words: [Word]) -> [UInt8] {
    unsafe words.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// The elements as integers of the same width, in the byte order of this machine.
  private func words<Word: FixedWidthInteger & BitwiseCopyable>(_: Word.Type) -> [Word] {
    precondition(MemoryLayout<Word>.stride == dtype.byteCount, "\(dtype) is not read as \(Word.self)")
    // `bytes.count` is a multiple of the width by the initialiser's precondition, so `count` words hold exactly these
    // bytes.
    return unsafe [Word](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      unsafe bytes.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initializedCount = count
    }.map { Word(littleEndian: $0) }
  }
}

/// The element types of the safetensors format that this program can read, by their names in the header.
///
/// This program writes only F32, F64, I64 and, for exponents, I32. It reads the other types from files of other programs and converts them
/// when needed. The format's 4-, 6- and 8-bit floats and complex numbers are refused by name.
public enum SafetensorsDType: String, CaseIterable, Sendable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  /// The upper half of an F32.
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case u8 = "U8"
  /// One byte; every value but 0 counts as 1.
  case bool = "BOOL"

  /// The number of bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// All names, for error messages.
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The number of bytes of a tensor of this type; nil if the shape has a negative length or the number does not fit an
  /// Int.
  ///
  /// The product is computed from left to right, as in the reference implementation: `[0, 2⁶², 4]` is 0 bytes, but
  /// `[2⁶², 4, 0]` overflows.
  func byteCount(of shape: [Int]) -> Int? {
    var elements = 1
    for length in shape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { return nil }
      elements = product
    }
    let (bytes, overflow) = elements.multipliedReportingOverflow(by: byteCount)
    return overflow ? nil : bytes
  }
}
