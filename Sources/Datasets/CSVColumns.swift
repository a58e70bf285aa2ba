/// The columns of a CSV file: their number, their names, and which column holds the labels.
struct CSVColumns: Sendable {
  let count: Int
  /// The names in the first line, if it holds names.
  let names: [String]?
  let label: Int

  /// Determines the columns from the first line, which is the scanner's current row.
  ///
  /// - Throws: `content` if there is no such label column, or if the label column is the only one.
  init(
    firstRow row: CSVScanner, label: LabelColumn, header: HeaderPresence, training: CSVColumns?
  ) throws(DatasetError) {
    let path = row.path
    let texts = row.texts
    count = texts.count
    guard count > 1 else {
      let other = texts[0].contains(";") ? "semicolons" : texts[0].contains("\t") ? "tabs" : nil
      throw .content(
        path, line: 1, "there is only one column, so nothing but labels",
        remedy: other.map { "separate the cells by commas, not by \($0)" } ?? "give features and a label in each row")
    }
    if let training, training.count != count {
      throw .content(
        path, line: 1, "there are \(count) columns, but \(training.count) in the training file",
        remedy: "use the same columns in both files")
    }
    self.label =
      if let training {
        training.label
      } else {
        try Self.place(of: label, in: texts, header: header, path: path)
      }
    let isNamed = if case .name = label { true } else { false }
    let hasNames =
      switch header {
      case .present: true
      case .absent: false
      case .automatic:
        if let training {
          training.names == texts || Self.looksLikeNames(row, label: training.label)
        } else {
          isNamed || Self.looksLikeNames(row, label: self.label)
        }
      }
    names = hasNames ? texts : nil
    if let names, let known = training?.names, let (name, other) = zip(names, known).first(where: { $0 != $1 }) {
      throw .content(
        path, line: 1, "column \"\(name)\" is \"\(other)\" in the training file",
        remedy: "use the same columns in both files")
    }
  }

  /// The column that holds a feature.
  func column(ofFeature feature: Int) -> Int { feature < label ? feature : feature + 1 }

  /// The name of a column in errors.
  func description(of column: Int) -> String {
    names.map { "column \"\($0[column])\"" } ?? "column \(column) (counted from 0)"
  }

  /// Whether no feature in a row is a number, and not all features are empty.
  private static func looksLikeNames(_ row: CSVScanner, label: Int) -> Bool {
    let features = row.cells.indices.filter { $0 != label }.map(row.number)
    return features.contains(.text) && features.allSatisfy { $0 == .text || $0 == .empty }
  }

  private static func place(
    of label: LabelColumn, in texts: [String], header: HeaderPresence, path: String
  ) throws(DatasetError) -> Int {
    switch label {
    case .last: return texts.count - 1
    case .index(let index):
      let place = index < 0 ? texts.count + index : index
      guard texts.indices.contains(place) else {
        throw .content(
          path, "has no label column \(index)", remedy: "its columns are 0 to \(texts.count - 1), or -1 for the last")
      }
      return place
    case .name(let name):
      guard header != .absent else {
        throw .content(
          path, "has no header, so no column is called \"\(name)\"", remedy: "give the label column by its number")
      }
      let places = texts.indices.filter { texts[$0] == name }
      guard let place = places.first else {
        let nearest = nearestName(to: name, in: texts)
        throw .content(
          path, line: 1, "no column is called \"\(name)\"",
          remedy: nearest.map { "did you mean \"\($0)\"?" } ?? "check that the first line holds the columns' names")
      }
      guard places.count == 1 else {
        throw .content(path, line: 1, "\(places.count) columns are called \"\(name)\"", remedy: "rename all but one")
      }
      return place
    }
  }
}

/// The name that becomes the wanted one with the fewest inserted, deleted or replaced letters; nil if there are no
/// names.
private func nearestName(to wanted: String, in names: [String]) -> String? {
  func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        let replaced = diagonal + (left == right ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
  let letters = Array(wanted.lowercased().prefix(64))
  return names.min { left, right in
    distance(letters, Array(left.lowercased().prefix(64))) < distance(letters, Array(right.lowercased().prefix(64)))
  }
}
