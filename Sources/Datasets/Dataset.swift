/// Samples with their targets: features [samples × features] as bytes or as doubles, and for each sample one class or
/// one row of real numbers (a regression's targets).
///
/// The identifier of a sample is its place in the file, or in all files in order, counted from 0. A copy of a dataset
/// copies references, not samples.
public struct Dataset: Sendable {
  /// The file, directory or archive from which the samples were read.
  public let source: String
  /// The dimensions of one sample, such as [4] for a row of numbers, or [3, 32, 32] for an image (channels, rows,
  /// columns).
  public let shape: [Int]
  /// The number of features of a sample, the product of ``shape``.
  public let features: Int

  let samples: SampleStorage
  let targets: SampleTargets
  /// The columns of the CSV file whose rows are the samples; nil for other samples.
  let columns: CSVColumns?

  /// The number of samples.
  public var count: Int { targets.count }
  /// The names of the classes, in the order of their numbers; empty if the targets are values.
  public var classNames: [String] { targets.classNames }
  /// The number of classes; 0 if the targets are values.
  public var classes: Int { classNames.count }
  /// The number of columns of a target: the number of classes, or of values in a row.
  public var targetColumns: Int { targets.columns }
  /// Whether the target of each sample is a row of real numbers instead of a class.
  public var holdsTargetValues: Bool { if case .values = targets { true } else { false } }
  /// Whether the features are stored as bytes 0…255.
  public var holdsBytes: Bool { if case .bytes = samples { true } else { false } }

  init(
    source: String, shape: [Int], samples: SampleStorage, targets: SampleTargets, columns: CSVColumns? = nil
  ) {
    self.source = source
    self.shape = shape
    self.features = shape.reduce(1, *)
    self.samples = samples
    self.targets = targets
    self.columns = columns
  }

  /// A dataset in memory, with classes.
  ///
  /// - Precondition: `values` is [labels.count × the product of `shape`], and the labels are numbers of classes.
  public init(source: String, shape: [Int], classNames: [String], values: [Double], labels: [Int]) {
    precondition(values.count == labels.count * shape.reduce(1, *), "each label must have one sample of the shape")
    precondition(labels.allSatisfy(classNames.indices.contains), "labels must be numbers of classes")
    self.init(
      source: source, shape: shape, samples: .doubles(values),
      targets: .classes(labels.map(Int32.init), names: classNames))
  }

  /// A dataset of bytes in memory, with classes, such as images of 256 grey levels.
  ///
  /// - Precondition: `bytes` is [labels.count × the product of `shape`], and the labels are numbers of classes.
  /// - Throws: ``DatasetError`` if there is not enough memory.
  public init(
    source: String, shape: [Int], classNames: [String], bytes: [UInt8], labels: [Int]
  ) throws(DatasetError) {
    precondition(bytes.count == labels.count * shape.reduce(1, *), "each label must have one sample of the shape")
    precondition(labels.allSatisfy(classNames.indices.contains), "labels must be numbers of classes")
    let storage = try unsafe ByteStorage(count: bytes.count, for: source) { unsafe $0.copyBytes(from: bytes) }
    self.init(
      source: source, shape: shape,
      samples: .bytes([ByteRows(storage, columns: shape.reduce(1, *), count: labels.count)]),
      targets: .classes(labels.map(Int32.init), names: classNames))
  }

  /// A dataset in memory, with real-valued targets.
  ///
  /// - Precondition: `values` is [samples × the product of `shape`], `targets` [samples × targetColumns].
  public init(source: String, shape: [Int], values: [Double], targets: [Double], targetColumns: Int = 1) {
    precondition(targetColumns > 0 && targets.count % targetColumns == 0, "targets must be whole rows")
    precondition(
      values.count == targets.count / targetColumns * shape.reduce(1, *),
      "each target must have one sample of the shape")
    self.init(
      source: source, shape: shape, samples: .doubles(values), targets: .values(targets, columns: targetColumns))
  }

  /// The class of a sample.
  ///
  /// - Precondition: the samples have classes.
  public func label(of id: Int) -> Int {
    guard case .classes(let numbers, _) = targets else { preconditionFailure("samples of values have no classes") }
    return Int(numbers[id])
  }

  /// The target of a sample: its row of values, or a one-hot row with 1 at its class.
  public func target(of id: Int) -> [Double] {
    switch targets {
    case .classes(let numbers, let names): names.indices.map { $0 == Int(numbers[id]) ? 1 : 0 }
    case .values(let values, let columns): Array(values[id * columns..<(id + 1) * columns])
    }
  }

  /// The features of a sample as they are in its file, before any scaling.
  public func values(of id: Int) -> [Double] {
    precondition(id >= 0 && id < count, "a sample must lie within its dataset")
    return unsafe samples.withSample(
      id, features: features, bytes: { unsafe $0.map(Double.init) }, doubles: { unsafe Array($0) })
  }

  /// The same samples with other labels, for label noise; both datasets share the features.
  ///
  /// - Precondition: the samples have classes; one label for each sample, each the number of a class.
  public func relabelled(_ labels: [Int]) -> Dataset {
    precondition(labels.count == count, "each sample must have one label")
    precondition(labels.allSatisfy(classNames.indices.contains), "labels must be numbers of classes")
    return Dataset(
      source: source, shape: shape, samples: samples, targets: .classes(labels.map(Int32.init), names: classNames),
      columns: columns)
  }

  /// All samples.
  public var all: Subset { Subset(self) }

  /// The samples `ids`, in this order.
  public func subset(_ ids: [Int32]) -> Subset { Subset(self, ids: ids) }

  /// Calls `body` with the content of the dataset, piece by piece, for a hash.
  ///
  /// The features of all samples come first, in order, as bytes or as doubles. Then come all labels as 32-bit integers,
  /// or all target values as doubles, in the machine's (little-endian) byte order. The sequence of bytes does not
  /// depend on whether the samples were compressed, mapped or in an archive; the division into pieces does.
  public func forEachChunk(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch samples {
    case .bytes(let parts):
      for part in parts {
        if part.stride == part.columns {
          let range = part.offset..<part.offset + part.count * part.columns
          unsafe part.storage.withBytes(range) { unsafe body(UnsafeRawBufferPointer($0)) }
        } else {
          for row in 0..<part.count { unsafe part.withRow(row) { unsafe body(UnsafeRawBufferPointer($0)) } }
        }
      }
    case .doubles(let values):
      unsafe values.withUnsafeBytes { unsafe body($0) }
    }
    switch targets {
    case .classes(let numbers, _): unsafe numbers.withUnsafeBytes { unsafe body($0) }
    case .values(let values, _): unsafe values.withUnsafeBytes { unsafe body($0) }
    }
  }
}
