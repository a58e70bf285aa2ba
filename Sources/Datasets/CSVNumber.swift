private import Glibc

/// The meaning of the bytes in a cell.
enum CSVNumber: Equatable {
  case number(Double)
  /// NaN, an infinity, or a number too large for a Double.
  case notFinite
  case empty
  case text

  /// Reads a decimal number: sign, digits with a point, exponent. The cell must contain nothing else.
  ///
  /// The result is the Double nearest to the decimal number. If up to 19 digits make an integer m ≤ 2⁵³, with a power
  /// of ten 10^k, |k| ≤ 22, one exact operation is enough (W. Clinger, How to read floating point numbers accurately,
  /// 1990). All other numbers are converted by `strtod`.
  init(_ cell: Span<UInt8>) {
    guard !cell.isEmpty else {
      self = .empty
      return
    }
    var index = 0
    let isNegative = cell[0] == UInt8(ascii: "-")
    if isNegative || cell[0] == UInt8(ascii: "+") { index = 1 }
    var mantissa: UInt64 = 0
    var digits = 0
    var scale = 0
    var hasPoint = false
    while index < cell.count {
      let digit = cell[index] &- UInt8(ascii: "0")
      if digit < 10 {
        // Beyond 19 digits the integer may overflow, but it is then not used.
        mantissa = mantissa &* 10 &+ UInt64(digit)
        digits += 1
        if hasPoint { scale -= 1 }
      } else if cell[index] == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else {
        break
      }
      index += 1
    }
    guard digits > 0, let exponent = Self.exponent(cell, from: index) else {
      self = Self.isNotFinite(cell) ? .notFinite : .text
      return
    }
    scale += exponent
    guard digits <= 19, mantissa <= 1 << 53, abs(scale) < Self.powersOfTen.count else {
      self = Self.slow(cell)
      return
    }
    let power = Self.powersOfTen[abs(scale)]
    let magnitude = scale < 0 ? Double(mantissa) / power : Double(mantissa) * power
    self = .number(isNegative ? -magnitude : magnitude)
  }

  /// The powers of ten that a Double represents exactly.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  /// The exponent at the end of a cell; 0 if there is none; nil if anything else follows the digits.
  private static func exponent(_ cell: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    guard index < cell.count else { return 0 }
    guard cell[index] | 0x20 == UInt8(ascii: "e") else { return nil }
    index += 1
    var isNegative = false
    if index < cell.count, cell[index] == UInt8(ascii: "-") || cell[index] == UInt8(ascii: "+") {
      isNegative = cell[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < cell.count else { return nil }
    var exponent = 0
    while index < cell.count {
      let digit = cell[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      // All larger exponents give the same Double.
      exponent = min(exponent * 10 + Int(digit), 1_000_000)
      index += 1
    }
    return isNegative ? -exponent : exponent
  }

  /// Converts a cell that is known to be a decimal number.
  private static func slow(_ cell: Span<UInt8>) -> CSVNumber {
    var text = cell.indices.map { CChar(bitPattern: cell[$0]) }
    text.append(0)
    let value = unsafe strtod(text, nil)
    return value.isFinite ? .number(value) : .notFinite
  }

  private static func isNotFinite(_ cell: Span<UInt8>) -> Bool {
    guard cell.count <= 9 else { return false }
    var text = String(decoding: cell.indices.map { cell[$0] }, as: UTF8.self).lowercased()
    if text.hasPrefix("-") || text.hasPrefix("+") { text.removeFirst() }
    return ["nan", "inf", "infinity"].contains(text)
  }
}
