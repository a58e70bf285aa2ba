/// The element types of the safetensors format that this program reads, by their names in the header.
///
/// Tensors made here are F32, F64 or I64. The others are read from foreign files and converted on demand; the 4-, 6- and
/// 8-bit floats and the complex numbers of the format are refused by name.
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

  /// The bytes of one element.
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

  /// The bytes of a tensor of this type, or nil if the shape has a negative length or the number does not fit an Int.
  ///
  /// The product is taken from left to right, as in the reference implementation: `[0, 2⁶², 4]` is 0 bytes, but
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
