/// What the samples of a dataset stand for: one class each, or one row of real numbers each.
enum SampleTargets: Sendable {
  /// The number of each sample's class, and what the classes are called.
  case classes([Int32], names: [String])
  /// [samples × columns], row by row.
  case values([Double], columns: Int)

  /// The number of samples.
  var count: Int {
    switch self {
    case .classes(let numbers, _): numbers.count
    case .values(let values, let columns): values.count / columns
    }
  }

  /// The numbers of one target: the classes of a one-hot row, or the columns of values.
  var columns: Int {
    switch self {
    case .classes(_, let names): names.count
    case .values(_, let columns): columns
    }
  }

  /// What the classes are called; none for values.
  var classNames: [String] { if case .classes(_, let names) = self { names } else { [] } }
}
