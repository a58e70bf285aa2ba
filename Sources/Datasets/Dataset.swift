/// Labelled samples: features [samples × features] as bytes or as doubles, and one class for each sample.
///
/// A sample's identifier is its place in the file, or in the files one after another, counted from 0. Copying a dataset
/// copies references, not samples.
public struct Dataset: Sendable {
  /// The file, directory or archive the samples come from.
  public let source: String
  /// The dimensions of one sample, such as [28, 28] (rows, columns) or [3, 32, 32] (channels, rows, columns).
  public let shape: [Int]
  /// The number of features of a sample, the product of ``shape``.
  public let features: Int
  /// What the classes are called, in the order of their numbers.
  public let classNames: [String]

  let samples: SampleStorage
  let labels: [Int32]

  /// The number of samples.
  public var count: Int { labels.count }
  /// The number of classes.
  public var classes: Int { classNames.count }
  /// Whether the features are kept as bytes 0…255.
  public var holdsBytes: Bool { if case .bytes = samples { true } else { false } }

  init(source: String, shape: [Int], classNames: [String], samples: SampleStorage, labels: [Int32]) {
    self.source = source
    self.shape = shape
    self.features = shape.reduce(1, *)
    self.classNames = classNames
    self.samples = samples
    self.labels = labels
  }

  /// A dataset of values in memory.
  ///
  /// - Precondition: `values` is [labels.count × the product of `shape`], and the labels are numbers of classes.
  public init(source: String, shape: [Int], classNames: [String], values: [Double], labels: [Int]) {
    precondition(values.count == labels.count * shape.reduce(1, *), "each label must have one sample of the shape")
    precondition(labels.allSatisfy(classNames.indices.contains), "labels must be numbers of classes")
    self.init(
      source: source, shape: shape, classNames: classNames, samples: .doubles(values), labels: labels.map(Int32.init))
  }

  /// The class of a sample.
  public func label(of id: Int) -> Int { Int(labels[id]) }

  /// The features of a sample as its file has them, before any scaling.
  public func values(of id: Int) -> [Double] {
    precondition(id >= 0 && id < count, "a sample must lie within its dataset")
    return unsafe samples.withSample(
      id, features: features, bytes: { unsafe $0.map(Double.init) }, doubles: { unsafe Array($0) })
  }

  /// The same samples under other labels, as label noise makes them; the features are shared.
  ///
  /// - Precondition: one label for each sample, each the number of a class.
  public func relabelled(_ labels: [Int]) -> Dataset {
    precondition(labels.count == count, "each sample must have one label")
    precondition(labels.allSatisfy(classNames.indices.contains), "labels must be numbers of classes")
    return Dataset(
      source: source, shape: shape, classNames: classNames, samples: samples, labels: labels.map(Int32.init))
  }

  /// All samples.
  public var all: Subset { Subset(self) }

  /// The samples `ids`, in this order.
  public func subset(_ ids: [Int32]) -> Subset { Subset(self, ids: ids) }

  /// Gives the content of the dataset to `body`, piece by piece, for a hash.
  ///
  /// First the features of all samples in order, as bytes or as doubles, then all labels as 32-bit integers, both in
  /// the machine's (little-endian) byte order. The bytes together, but not the pieces, are independent of how the
  /// samples were stored: compressed, mapped, or in an archive.
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
    unsafe labels.withUnsafeBytes { unsafe body($0) }
  }
}
