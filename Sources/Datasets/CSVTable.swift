private import Kernels

/// A whole CSV file: numeric features [rows × (columns − 1)] and a label column.
struct CSVTable {
  let columns: CSVColumns
  /// The label column, if it holds classes.
  private(set) var labels = CSVLabels()
  /// The label column, if it holds values.
  private var values: [Double] = []
  private let kind: LabelKind
  private let path: String
  /// The features, as long as all of them are integers 0…255.
  private var bytes: [UInt8] = []
  /// The features, as soon as one of them is not such an integer.
  private var doubles: [Double] = []
  private var holdsBytes = true

  /// Reads a file to its end.
  ///
  /// - Parameter training: for a test file, the columns of the training file; both must be the same.
  /// - Throws: `missing` if the file cannot be read; `content`, with the line, if a cell is not a finite number, the
  ///   length of a row differs from that of the first, or the columns are wrong.
  init(
    _ reader: ByteReader, label: LabelColumn, kind: LabelKind, header: HeaderPresence, training: CSVColumns? = nil
  ) throws(DatasetError) {
    path = reader.path
    self.kind = kind
    var scanner = try CSVScanner(reader)
    guard try scanner.nextRow() else {
      throw .content(path, "holds no samples", remedy: "give at least one row")
    }
    columns = try CSVColumns(firstRow: scanner, label: label, header: header, training: training)
    if columns.names != nil {
      guard try scanner.nextRow() else {
        throw .content(path, "holds no samples, only the names of its columns", remedy: "give at least one row")
      }
    }
    repeat { try append(scanner) } while try scanner.nextRow()
    if columns.names == nil, header == .automatic, labels.beginsWithName {
      throw .content(
        path, line: 1, "the label \"\(labels.texts[0])\" is not a number as all others are",
        remedy: "set data.header to present if the line holds the columns' names, otherwise to absent")
    }
  }

  /// Adds the current row of the scanner.
  private mutating func append(_ row: borrowing CSVScanner) throws(DatasetError) {
    guard row.cells.count == columns.count else {
      throw .content(
        path, line: row.line, "the row has \(row.cells.count) cells, the first line has \(columns.count)",
        remedy: "give every row the same cells")
    }
    for column in 0..<columns.count {
      let number = row.number(column)
      if column == columns.label, kind == .classes {
        guard number != .empty, number != .notFinite else { throw unusable(number, row, column) }
        try labels.append(row.text(column), path: path, line: row.line)
      } else {
        guard case .number(let value) = number else { throw unusable(number, row, column) }
        if column == columns.label { values.append(value) } else { append(value) }
      }
    }
  }

  private mutating func append(_ value: Double) {
    if holdsBytes {
      if let byte = UInt8(exactly: value) {
        bytes.append(byte)
        return
      }
      OutOfMemory.check(bytes.count * MemoryLayout<Double>.stride)
      doubles = bytes.map(Double.init)
      bytes = []
      holdsBytes = false
    }
    // The array doubles its capacity.
    if doubles.count == doubles.capacity { OutOfMemory.check(2 * doubles.count * MemoryLayout<Double>.stride) }
    doubles.append(value)
  }

  private func unusable(_ number: CSVNumber, _ row: borrowing CSVScanner, _ column: Int) -> DatasetError {
    let text = row.text(column)
    let cell = text.count > 24 ? text.prefix(24) + "…" : text[...]
    let (problem, remedy) =
      switch number {
      case .empty: ("is empty", "fill the cell, or remove the row")
      case .notFinite: ("holds \"\(cell)\", which is not a finite number", "replace it, or remove the row")
      case .number, .text:
        ("holds \"\(cell)\", which is not a number", remedyForText(line: row.line, column: column))
      }
    return .content(path, line: row.line, "\(columns.description(of: column)) \(problem)", remedy: remedy)
  }

  private func remedyForText(line: Int, column: Int) -> String {
    if line == 1 { return "set data.header to present if the line holds the columns' names" }
    if kind == .classes { return "use numbers for all columns but the label" }
    return column == columns.label
      ? "use numbers, or set data.target to label if the column holds classes" : "use numbers for all columns"
  }

  /// The rows as a dataset. Their labels are class numbers of `classes`, or values if there are no classes.
  func dataset(classes: CSVClasses?, shape: [Int]? = nil) throws(DatasetError) -> Dataset {
    let features = columns.count - 1
    let targets: SampleTargets =
      if let classes {
        .classes(try labels.numbers(in: classes, path: path), names: classes.names)
      } else {
        .values(values, columns: 1)
      }
    let samples: SampleStorage
    if holdsBytes {
      let storage = try unsafe ByteStorage(count: bytes.count, for: path) { unsafe $0.copyBytes(from: bytes) }
      samples = .bytes([ByteRows(storage, columns: features, count: targets.count)])
    } else {
      samples = .doubles(doubles)
    }
    // A shape with another number of features is ignored: the file decides the number of features.
    let fits = shape.map { $0.reduce(1.0) { $0 * Double($1) } == Double(features) } ?? false
    let shape = fits ? shape ?? [features] : [features]
    return Dataset(source: path, shape: shape, samples: samples, targets: targets, columns: columns)
  }
}

/// Which column of a CSV file holds the labels.
public enum LabelColumn: Equatable, Sendable {
  case last
  /// The column with this name in the header.
  case name(String)
  /// The column at this place, counted from 0; negative numbers count from the end, −1 being the last column.
  case index(Int)
}

/// What the label column of a CSV file contains.
public enum LabelKind: Equatable, Sendable {
  /// Names or numbers of classes.
  case classes
  /// Real numbers, which are the targets.
  case values
}

/// Whether the first line of a CSV file contains the names of the columns.
public enum HeaderPresence: String, Codable, CaseIterable, Sendable {
  /// The first line contains names if none of its feature cells is a number, or if the label column is given by name.
  case automatic
  case present
  case absent
}
