/// The label column of a CSV file: a list of the different texts, and for each row the text's place in the list.
struct CSVLabels {
  /// A file with more classes has probably another column for its labels.
  private static let mostClasses = 10_000

  /// The different labels in the order in which they first occur.
  private(set) var texts: [String] = []
  /// For each row, the place of its label in ``texts``.
  private(set) var rows: [Int32] = []
  /// For each of ``texts``, the line in which it first occurs.
  private var lines: [Int] = []
  private var places: [String: Int32] = [:]

  /// Adds the label of the next row.
  mutating func append(_ text: String, path: String, line: Int) throws(DatasetError) {
    if let place = places[text] {
      rows.append(place)
      return
    }
    guard texts.count < Self.mostClasses else {
      throw .content(
        path, line: line, "the label column has more than \(Self.mostClasses) different values",
        remedy: "name the column that holds the classes with data.label")
    }
    let place = Int32(texts.count)
    places[text] = place
    texts.append(text)
    lines.append(line)
    rows.append(place)
  }

  /// The labels as class numbers of `classes`.
  ///
  /// - Throws: `content` if a label is not one of the classes.
  func numbers(in classes: CSVClasses, path: String) throws(DatasetError) -> [Int32] {
    var numbers: [Int32] = []
    for (text, line) in zip(texts, lines) {
      guard let number = classes.number(of: text) else {
        let known = classes.names.prefix(10).joined(separator: ", ") + (classes.names.count > 10 ? ", …" : "")
        throw .content(
          path, line: line, "the label \"\(text)\" does not occur in the training file, which has \(known)",
          remedy: "use the same labels in both files")
      }
      numbers.append(number)
    }
    return rows.map { numbers[Int($0)] }
  }

  /// Whether the label of the first row is text and all others are numbers: the first one is then the column's name.
  var beginsWithName: Bool {
    guard texts.count > 1, CSVClasses.number(texts[0]) == nil else { return false }
    return texts.dropFirst().allSatisfy { CSVClasses.number($0) != nil } && !rows.dropFirst().contains(0)
  }
}

/// The classes of a CSV file: its different labels in sorted order, numbers by value, other texts by their characters.
struct CSVClasses {
  let names: [String]
  private let numbersByValue: [Double: Int32]?
  private let numbersByText: [String: Int32]

  /// The classes of the training rows. Labels that are equal as numbers, such as 3 and 3.0, are one class.
  init(_ labels: CSVLabels) {
    let values = labels.texts.compactMap(Self.number)
    if values.count == labels.texts.count {
      let sorted = Set(values).sorted()
      names = sorted.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
      numbersByValue = Dictionary(uniqueKeysWithValues: zip(sorted, (0..<Int32(sorted.count))))
      numbersByText = [:]
    } else {
      names = labels.texts.sorted()
      numbersByValue = nil
      numbersByText = Dictionary(uniqueKeysWithValues: zip(names, (0..<Int32(names.count))))
    }
  }

  /// The number of the class that a label names.
  func number(of text: String) -> Int32? {
    guard let numbersByValue else { return numbersByText[text] }
    return Self.number(text).flatMap { numbersByValue[$0] }
  }

  fileprivate static func number(_ text: String) -> Double? {
    let bytes = Array(text.utf8)
    if case .number(let value) = CSVNumber(bytes.span) { return value }
    return nil
  }
}
