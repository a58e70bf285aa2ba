/// The rows of a CSV file, one after another, as ranges of a buffer.
///
/// Cells are separated by commas. They may be quoted, and a quote inside a quoted cell is doubled. Rows end with LF or
/// CR LF. Blanks around cells are ignored. Source: RFC 4180.
struct CSVScanner {
  /// A cell of the current row: its bytes without blanks and quotes.
  struct Cell {
    var range: Range<Int>
    /// Whether doubled quotes stand for single ones.
    var isQuoted = false
  }

  /// A row longer than this is a quoted cell without a closing quote.
  private static let longestRow = 1 << 28

  let path: String
  /// The cells of the current row.
  private(set) var cells: [Cell] = []
  /// The line in which the current row begins, counted from 1.
  private(set) var line = 0
  private let reader: ByteReader
  private var buffer: [UInt8]
  private var filled = 0
  private var next = 0
  private var nextLine = 1
  private var isAtEnd = false

  /// - Parameter bufferCount: the number of bytes read at a time; the buffer grows if a row is longer.
  init(_ reader: ByteReader, bufferCount: Int = 1 << 18) throws(DatasetError) {
    self.reader = reader
    path = reader.path
    buffer = [UInt8](repeating: 0, count: bufferCount)
    try refill()
    if filled >= 3, buffer[..<3] == [0xef, 0xbb, 0xbf] { next = 3 }
    if filled >= 2, buffer[..<2] == [0xff, 0xfe] || buffer[..<2] == [0xfe, 0xff] {
      throw .content(path, "is UTF-16 text", remedy: "save it as UTF-8")
    }
  }

  /// Moves to the next row; returns false at the end of the file. Blank lines are allowed only at the end.
  mutating func nextRow() throws(DatasetError) -> Bool {
    var blankLine: Int?
    while true {
      line = nextLine
      while !(try scanRow()) {
        guard !isAtEnd else { return false }
        try refill()
      }
      guard cells.count == 1, cells[0].range.isEmpty, !cells[0].isQuoted else { break }
      blankLine = blankLine ?? line
    }
    if let blankLine {
      throw .content(path, line: blankLine, "the line is empty, but more rows follow", remedy: "remove the line")
    }
    return true
  }

  /// The number in a cell of the current row.
  func number(_ column: Int) -> CSVNumber { CSVNumber(buffer.span.extracting(cells[column].range)) }

  /// The text of a cell of the current row.
  func text(_ column: Int) -> String {
    let cell = cells[column]
    var bytes = Array(buffer[cell.range])
    if cell.isQuoted {
      var isSecondQuote = false
      bytes.removeAll { byte in
        isSecondQuote = byte == .quote && !isSecondQuote
        return isSecondQuote
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The texts of all cells of the current row.
  var texts: [String] { cells.indices.map(text) }

  /// Reads more of the file after the remaining bytes of the buffer; the buffer grows if it is full.
  private mutating func refill() throws(DatasetError) {
    if next > 0 {
      buffer.replaceSubrange(0..<filled - next, with: buffer[next..<filled])
      filled -= next
      next = 0
    }
    if filled == buffer.count {
      guard filled < Self.longestRow else {
        throw .content(path, line: line, "the row does not end", remedy: "close its quotes")
      }
      buffer += [UInt8](repeating: 0, count: buffer.count)
    }
    let given = try reader.read(into: &buffer, from: filled)
    isAtEnd = given < buffer.count - filled
    filled += given
  }

  /// Finds the cells of the row that begins at `next`, and moves `next` after the row.
  ///
  /// - Returns: whether the row is complete; if not, only the cells have changed.
  private mutating func scanRow() throws(DatasetError) -> Bool {
    // Swapped out and back: the buffer and the cells cannot be borrowed from one value at the same time.
    var found: [Cell] = []
    swap(&found, &cells)
    var newlines = 0
    let outcome = Self.scan(buffer.span.extracting(..<filled), from: next, isAtEnd: isAtEnd, &found, &newlines)
    swap(&found, &cells)
    switch outcome {
    case .incomplete: return false
    case .complete(let end):
      next = end
      nextLine += newlines + 1
      return true
    case .openQuote:
      throw .content(path, line: line, "a quote opens that does not close", remedy: "close the quote")
    case .textAfterQuote:
      throw .content(
        path, line: line, "text follows the closing quote of cell \(cells.count + 1)",
        remedy: "quote the whole cell, and double the quotes in it")
    }
  }
}

/// The result of a search for the end of a row.
private enum RowOutcome {
  /// The next row begins here.
  case complete(Int)
  /// The bytes end before the row.
  case incomplete
  case openQuote
  case textAfterQuote
}

extension CSVScanner {
  /// Finds the cells of the row that begins at `next`, and the line breaks within them.
  private static func scan(
    _ bytes: Span<UInt8>, from next: Int, isAtEnd: Bool, _ cells: inout [Cell], _ newlines: inout Int
  ) -> RowOutcome {
    cells.removeAll(keepingCapacity: true)
    var start = next
    guard start < bytes.count else { return .incomplete }
    while true {
      while start < bytes.count, bytes[start].isBlank { start += 1 }
      var end = start
      let cell: Cell
      if start < bytes.count, bytes[start] == .quote {
        guard let close = closingQuote(bytes, from: start + 1, isAtEnd: isAtEnd, &newlines) else {
          return isAtEnd ? .openQuote : .incomplete
        }
        cell = Cell(range: start + 1..<close, isQuoted: true)
        end = close + 1
        while end < bytes.count, bytes[end].isBlank { end += 1 }
        if end < bytes.count, !bytes[end].endsCell { return .textAfterQuote }
      } else {
        while end < bytes.count, !bytes[end].endsCell { end += 1 }
        var last = end
        while last > start, bytes[last - 1].isBlank { last -= 1 }
        cell = Cell(range: start..<last)
      }
      if end == bytes.count, !isAtEnd { return .incomplete }
      cells.append(cell)
      guard end < bytes.count, bytes[end] == .comma else { return .complete(min(end + 1, bytes.count)) }
      start = end + 1
    }
  }

  /// The place of the quote that closes a cell: the first quote that is not doubled.
  private static func closingQuote(
    _ bytes: Span<UInt8>, from start: Int, isAtEnd: Bool, _ newlines: inout Int
  ) -> Int? {
    var index = start
    while index < bytes.count {
      if bytes[index] == .quote {
        // It is not yet known whether the last quote in the buffer is doubled.
        guard index + 1 < bytes.count || isAtEnd else { return nil }
        guard index + 1 < bytes.count, bytes[index + 1] == .quote else { return index }
        index += 1
      } else if bytes[index] == .newline {
        newlines += 1
      }
      index += 1
    }
    return nil
  }
}

extension UInt8 {
  fileprivate static var quote: UInt8 { UInt8(ascii: "\"") }
  fileprivate static var comma: UInt8 { UInt8(ascii: ",") }
  fileprivate static var newline: UInt8 { UInt8(ascii: "\n") }
  fileprivate var endsCell: Bool { self == .comma || self == .newline }
  fileprivate var isBlank: Bool {
    self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r")
  }
}
