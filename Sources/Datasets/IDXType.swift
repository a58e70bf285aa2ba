/// The types of the values of an IDX file, by their number in its header.
///
/// Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.
enum IDXType: UInt8 {
  case uint8 = 8
  case int8 = 9
  case int16 = 11
  case int32 = 12
  case float = 13
  case double = 14

  /// The bytes of a value.
  var width: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16: 2
    case .int32, .float: 4
    case .double: 8
    }
  }

  var name: String {
    switch self {
    case .uint8: "unsigned bytes"
    case .int8: "signed bytes"
    case .int16: "16-bit integers"
    case .int32: "32-bit integers"
    case .float: "32-bit floats"
    case .double: "64-bit floats"
    }
  }

  /// The value that begins at a byte, high byte first.
  @inline(__always)
  func value(_ bytes: UnsafeRawBufferPointer, at byte: Int) -> Double {
    // Loading checks that the value lies within the bytes.
    switch self {
    case .uint8: Double(unsafe bytes[byte])
    case .int8: Double(Int8(bitPattern: unsafe bytes[byte]))
    case .int16: Double(Int16(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: Int16.self)))
    case .int32: Double(Int32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: Int32.self)))
    case .float:
      Double(
        Float(bitPattern: UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: UInt32.self))))
    case .double:
      Double(bitPattern: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self)))
    }
  }
}
