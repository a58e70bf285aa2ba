/// A recursive-descent parser for JSON (RFC 8259) that stops at the first invalid byte.
struct SafetensorsJSONParser {
  /// A header has three levels; the limit keeps a hostile header from exhausting the stack.
  private static let deepest = 32
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  private let text: [UInt8]
  private var position = 0

  init(text: [UInt8]) {
    self.text = text
  }

  mutating func document() throws(SafetensorsJSON.Problem) -> SafetensorsJSON {
    let value = try value(depth: 0)
    skipSpace()
    guard position == text.count else { throw problem("something follows the end of the value") }
    return value
  }

  private mutating func value(depth: Int) throws(SafetensorsJSON.Problem) -> SafetensorsJSON {
    guard depth < Self.deepest else { throw problem("more than \(Self.deepest) levels are nested") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"): return try number()
    case let digit? where Self.digits.contains(digit): return try number()
    default:
      for word in ["true", "false", "null"] where text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return .other(word)
      }
      throw problem("a value is missing")
    }
  }

  private mutating func object(depth: Int) throws(SafetensorsJSON.Problem) -> SafetensorsJSON {
    position += 1
    var members: [SafetensorsJSON.Member] = []
    if takes("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("a key in quotation marks is missing") }
      let key = try string()
      guard takes(":") else { throw problem("':' is missing after a key") }
      members.append(SafetensorsJSON.Member(key: key, value: try value(depth: depth + 1)))
    } while takes(",")
    guard takes("}") else { throw problem("',' or '}' is missing") }
    return .object(members)
  }

  private mutating func list(depth: Int) throws(SafetensorsJSON.Problem) -> SafetensorsJSON {
    position += 1
    var values: [SafetensorsJSON] = []
    if takes("]") { return .list(values) }
    repeat { values.append(try value(depth: depth + 1)) } while takes(",")
    guard takes("]") else { throw problem("',' or ']' is missing") }
    return .list(values)
  }

  private mutating func number() throws(SafetensorsJSON.Problem) -> SafetensorsJSON {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let written = String(decoding: text[start..<position], as: UTF8.self)
    if isWhole, let value = Int(written) { return .integer(value) }
    return .other(written)
  }

  private mutating func digits() throws(SafetensorsJSON.Problem) {
    let start = position
    while let digit = next, Self.digits.contains(digit) { position += 1 }
    if position == start { throw problem("a digit is missing") }
  }

  private mutating func string() throws(SafetensorsJSON.Problem) -> String {
    let start = position
    position += 1
    var bytes: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let result = String(validating: bytes, as: UTF8.self) else {
          throw SafetensorsJSON.Problem(offset: start, reason: "a string is not valid UTF-8")
        }
        return result
      case UInt8(ascii: "\\"):
        position += 1
        bytes += String(try escaped()).utf8
      case 0..<0x20:
        throw problem("a control character stands unescaped in a string")
      default:
        position += 1
        bytes.append(byte)
      }
    }
    throw problem("the text ends inside a string")
  }

  /// The character after a backslash that has already been read.
  private mutating func escaped() throws(SafetensorsJSON.Problem) -> Unicode.Scalar {
    let letter = next
    position += 1
    switch letter {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexadecimal()
      if let scalar = Unicode.Scalar(high) { return scalar }
      // A character above U+FFFF is written as two halves (RFC 8259, 7).
      if high < 0xdc00, text[position...].starts(with: "\\u".utf8) {
        position += 2
        let low = try hexadecimal()
        if (0xdc00..<0xe000).contains(low),
          let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
        {
          return scalar
        }
      }
      throw problem("half of a surrogate pair stands alone")
    default:
      position -= 1
      throw problem("an unknown escape follows '\\'")
    }
  }

  private mutating func hexadecimal() throws(SafetensorsJSON.Problem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw problem("four hexadecimal digits are missing after '\\u'")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { position += 1 }
  }

  /// Skips white space, and then `character` if it comes next.
  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func problem(_ reason: String) -> SafetensorsJSON.Problem {
    SafetensorsJSON.Problem(offset: position, reason: reason)
  }
}
