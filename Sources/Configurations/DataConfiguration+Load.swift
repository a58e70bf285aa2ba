package import Datasets
internal import Networks

extension DataConfiguration {
  /// Reads the training and test set.
  ///
  /// - Throws: `DatasetError`, ``ConfigurationError``.
  package func load() throws -> DataSplit {
    switch set {
    case .digits: return try .digits()
    case .linear: return .linear()
    case .gates: return .gates()
    case .curve: return .curve()
    case .mnist, .fashionMNIST, .kmnist: return try .mnist(directory: requiredPath)
    case .qmnist: return try .qmnist(directory: requiredPath)
    case .emnist: return try .emnist(directory: requiredPath, split: split)
    case .cifar10: return try .cifar10(path: requiredPath)
    case .csv:
      let column: LabelColumn = label.map { text in Int(text).map { .index($0) } ?? .name(text) } ?? .last
      let path = try requiredPath
      let split = try DataSplit.csv(
        path: path, testPath: test, label: column, kind: target == .value ? .values : .classes,
        header: header.map { $0 ? .present : .absent } ?? .automatic, shape: shape)
      let features = split.training.features
      try require(
        shape.map { Shape($0).fits(features) } ?? true,
        "data.shape is \(shape ?? []), but a row of \(path) has \(features) numbers beside its label; the product of "
          + "the shape must be \(features)")
      return split
    }
  }

  private var requiredPath: String {
    get throws(ConfigurationError) {
      guard let path else {
        throw ConfigurationError("data set \(set.rawValue) needs its files; name them with --data or data.path")
      }
      return path
    }
  }

  /// Checks everything that can be checked without the data.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  func check() throws(ConfigurationError) {
    if set.isBuiltIn {
      try require(
        path == nil,
        "data set \(set.rawValue) is built in and has no path; with --data choose a --preset such as mnist-classifier, "
          + "or data.set")
    } else {
      _ = try requiredPath
    }
    try require(
      set == .csv || (label == nil && header == nil && test == nil && shape == nil),
      "data.label, data.header, data.test and data.shape belong to data set csv, not \(set.rawValue)")
    try require(
      shape.map { !$0.isEmpty && $0.allSatisfy { $0 > 0 } } ?? true,
      "data.shape is \(shape ?? []); it needs sizes above 0, as in [1, 28, 28]")
    try require(
      set == .emnist || split == nil, "data.split belongs to data set emnist, not \(set.rawValue)")
    try require(validation >= 0, "data.validation is \(validation); it must not be negative")
    try labelNoise?.check(target: target)
    try require(
      !(set.holdsValues && target == .label),
      "data set \(set.rawValue) has values and no classes; set data.target to value")
    try require(
      set.holdsValues || set == .csv || target != .value,
      "data set \(set.rawValue) has classes and no values; set data.target to label, or to input")
  }
}
