/// Rows of cells under headings; each column is as wide as its widest cell, with two spaces between columns.
struct TextTable {
  private var rows: [[String]]
  private let leftColumns: Range<Int>

  /// - Parameter leftColumns: the number of left-aligned columns, from the first on; the others are right-aligned.
  init(_ headings: [String], leftColumns: Int = 0) {
    rows = [headings]
    self.leftColumns = 0..<leftColumns
  }

  mutating func append(_ cells: [String]) {
    precondition(cells.count == rows[0].count, "a row has a cell for each heading")
    rows.append(cells)
  }

  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return leftColumns.contains(column) ? cell.0 + space : space + cell.0
      }
      return cells.joined(separator: "  ").replacing(/\ +$/, with: "")
    }.joined(separator: "\n")
  }
}

/// The formats of numbers in tables.
enum Quantity {
  /// Three digits and a unit: 812 ns, 3.21 us, 45.0 ms, 1.20 s.
  static func seconds(_ value: Double) -> String {
    let (scaled, unit) =
      value < 1e-6
      ? (value * 1e9, "ns") : value < 1e-3 ? (value * 1e6, "us") : value < 1 ? (value * 1e3, "ms") : (value, "s")
    return digits(scaled) + " " + unit
  }

  /// A power of two of bytes as 4 B, 64 KiB, 16 MiB.
  static func bytes(_ value: Int) -> String {
    if value >= 1 << 20, value % (1 << 20) == 0 { return "\(value >> 20) MiB" }
    if value >= 1 << 10, value % (1 << 10) == 0 { return "\(value >> 10) KiB" }
    return "\(value) B"
  }

  /// A rate as 117 MB/s, 2.10 GB/s.
  static func rate(_ bytesPerSecond: Double) -> String {
    bytesPerSecond < 1e9 ? digits(bytesPerSecond / 1e6) + " MB/s" : digits(bytesPerSecond / 1e9) + " GB/s"
  }

  /// Three significant digits, or all digits before the point where there are more.
  static func digits(_ value: Double) -> String {
    let magnitude = value.magnitude
    return Format.fixed(value, magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2)
  }

  /// A share or a change as 12 % or +3 %.
  static func percent(_ share: Double, signed: Bool = false) -> String {
    let number = Format.fixed(100 * share, 0)
    return (signed && share >= 0 ? "+" : "") + (number == "-0" ? "0" : number) + " %"
  }
}
