/// Rows of text as a CSV file (RFC 4180, with bare line feeds), which spreadsheets, pandas and this program can read.
public struct CSVText: Sendable {
  public private(set) var text = ""

  /// A file that begins with the names of its columns.
  public init(header: [String]) { append(header) }

  /// Adds a row; a field with a comma, a quotation mark or a line break is put in quotation marks.
  public mutating func append(_ fields: [String]) {
    for (place, field) in fields.enumerated() {
      if place > 0 { text += "," }
      text += Self.quoted(field)
    }
    text += "\n"
  }

  private static func quoted(_ field: String) -> String {
    // Compares code points: a line break of two code points is one Character.
    let isPlain = !field.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
    // Readers do not count spaces at the ends of an unquoted field as part of it.
    guard !isPlain || field.first?.isWhitespace == true || field.last?.isWhitespace == true else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
