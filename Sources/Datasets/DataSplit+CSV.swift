private import BuiltInDigits
internal import Kernels

extension DataSplit {
  /// Reads a CSV file, compressed or not: one column of labels, and numbers in all other columns.
  ///
  /// Labels of classes may be any texts. The classes are the different labels of the training file in sorted order;
  /// numbers are sorted by value. Labels that are values must be numbers. Features that are all integers 0…255 are
  /// stored as bytes.
  ///
  /// - Parameters:
  ///   - testPath: a file with the same columns; without it, a random fifth of the rows, stratified by class, is the
  ///     test set.
  ///   - label: the column of the labels.
  ///   - kind: the kind of the labels.
  ///   - header: whether the first line contains the names of the columns.
  ///   - shape: the shape of a sample, with as many numbers as a row has besides its label; nil for one dimension. The
  ///     caller must refuse other shapes.
  /// - Throws: ``DatasetError``: `missing` if a file cannot be read; `content`, mostly with a line, if a cell is empty
  ///   or not a finite number, rows differ in length, the label column is unknown, or the files do not fit together.
  public static func csv(
    path: String, testPath: String? = nil, label: LabelColumn = .last, kind: LabelKind = .classes,
    header: HeaderPresence = .automatic, shape: [Int]? = nil
  ) throws(DatasetError) -> DataSplit {
    let training = try CSVTable(ByteReader(path), label: label, kind: kind, header: header)
    let classes = kind == .classes ? CSVClasses(training.labels) : nil
    let dataset = try training.dataset(classes: classes, shape: shape)
    guard let testPath else { return try DataSplit(stratified: dataset) }
    let test = try CSVTable(
      ByteReader(testPath), label: label, kind: kind, header: header, training: training.columns)
    return DataSplit(training: dataset.all, test: try test.dataset(classes: classes, shape: shape).all)
  }

  /// The UCI optical digits, which are built into the program: 1,797 images of 8×8 pixels 0…16 in 10 classes. A
  /// stratified fifth of them is the test set.
  public static func digits() throws(DatasetError) -> DataSplit {
    let reader = ByteReader(BuiltInDigits.compressedCSV, name: "the built-in digits")
    let table = try CSVTable(reader, label: .last, kind: .classes, header: .absent)
    return try DataSplit(stratified: table.dataset(classes: CSVClasses(table.labels), shape: [1, 8, 8]))
  }
}

/// Small datasets that are built into the program, for models whose training can be followed by hand. All samples are
/// both training and test set.
extension DataSplit {
  /// The line t = 2 x at x = 0, 1, …, 4: one input, one target.
  public static func linear() -> DataSplit {
    let inputs = (0..<5).map { Double($0) }
    return small("the built-in line", inputs: inputs.map { [$0] }, targets: inputs.map { [2 * $0] })
  }

  /// The four pairs of bits, each with three targets: AND, OR and XOR.
  public static func gates() -> DataSplit {
    small(
      "the built-in gates", inputs: [[0, 0], [0, 1], [1, 0], [1, 1]],
      targets: [[0, 0, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0]])
  }

  /// The falling curve t = 1/(1 + e^(8x − 4)) at x = 0, 1/4, …, 1: one input, one target.
  public static func curve() -> DataSplit {
    let inputs = (0..<5).map { Double($0) / 4 }
    return small(
      "the built-in curve", inputs: inputs.map { [$0] }, targets: inputs.map { [1 / (1 + Double.exp(8 * $0 - 4))] })
  }

  private static func small(_ source: String, inputs: [[Double]], targets: [[Double]]) -> DataSplit {
    let dataset = Dataset(
      source: source, shape: [inputs[0].count], values: Array(inputs.joined()), targets: Array(targets.joined()),
      targetColumns: targets[0].count)
    return DataSplit(training: dataset.all, test: dataset.all)
  }
}
