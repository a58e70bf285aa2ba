/// Some samples of a dataset in a fixed order: a training, validation or test set.
///
/// A *position* counts within the subset, from 0; an *identifier* is the sample's place in the dataset. A permutation
/// of an epoch permutes positions.
public struct Subset: Sendable {
  public let dataset: Dataset
  /// The samples' identifiers; nil for all samples in their own order.
  private let ids: [Int32]?

  /// All samples of a dataset.
  init(_ dataset: Dataset) {
    self.dataset = dataset
    ids = nil
  }

  /// The samples `ids` of a dataset, in this order.
  init(_ dataset: Dataset, ids: [Int32]) {
    precondition(ids.allSatisfy { $0 >= 0 && $0 < dataset.count }, "samples must lie within their dataset")
    self.dataset = dataset
    self.ids = ids
  }

  /// The number of samples.
  public var count: Int { ids?.count ?? dataset.count }
  public var features: Int { dataset.features }
  public var classes: Int { dataset.classes }
  /// The numbers of a sample's target, see ``Dataset/targetColumns``.
  public var targetColumns: Int { dataset.targetColumns }

  /// The identifier of the sample at a position.
  public func id(at position: Int) -> Int {
    precondition(position >= 0 && position < count, "a position must lie within its subset")
    return ids.map { Int($0[position]) } ?? position
  }

  /// The class of the sample at a position.
  public func label(at position: Int) -> Int { dataset.label(of: id(at: position)) }

  /// The target of the sample at a position, see ``Dataset/target(of:)``.
  public func target(at position: Int) -> [Double] { dataset.target(of: id(at: position)) }

  /// The samples at `positions`, in this order, as a subset of the same dataset.
  public func subset(_ positions: [Int32]) -> Subset {
    Subset(dataset, ids: positions.map { Int32(id(at: Int($0))) })
  }
}
