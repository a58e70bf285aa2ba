/// A JSON value of a safetensors header: strict, in order, and with every repeated key.
///
/// Foundation's reader silently keeps only one of two equal keys, and does not keep their order. But the format forbids
/// equal keys, and the order of the tensors is useful.
enum SafetensorsJSON: Equatable {
  struct Member: Equatable {
    let key: String
    let value: SafetensorsJSON
  }

  /// The place where the text stops being JSON, counted from its first byte, and the reason.
  struct Problem: Error, Equatable {
    let offset: Int
    let reason: String
  }

  case object([Member])
  case list([SafetensorsJSON])
  case string(String)
  /// A whole number that fits an Int.
  case integer(Int)
  /// A fraction, a number too large for an Int, `true`, `false` or `null`, as in the text.
  case other(String)

  /// The value of the whole text; before and after the value only white space is allowed.
  init(parsing text: [UInt8]) throws(Problem) {
    var parser = SafetensorsJSONParser(text: text)
    self = try parser.document()
  }

  /// The value in a few words, for error messages.
  var summary: String {
    switch self {
    case .object: "an object"
    case .list(let values) where values.count <= 8 && values.allSatisfy(\.isNumber):
      "[\(values.map(\.summary).joined(separator: ", "))]"
    case .list(let values): "a list of \(values.count) values"
    case .string(let text): Self.quoted(text.count <= 80 ? text : "\(text.prefix(80))…")
    case .integer(let value): "\(value)"
    case .other(let text): text.count <= 80 ? text : "\(text.prefix(80))…"
    }
  }

  private var isNumber: Bool {
    switch self {
    case .integer, .other: true
    case .object, .list, .string: false
    }
  }

  /// The text as a JSON string with its quotation marks; only `"`, `\` and control characters are escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\0"..<" ": result += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
