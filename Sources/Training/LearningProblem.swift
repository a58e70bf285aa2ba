public import Datasets
internal import Kernels
internal import Networks

/// The samples of a configuration with the scaling that belongs to them: what a network is trained and judged on.
public struct LearningProblem: Sendable {
  public let split: DataSplit
  public let map: InputMap
  public let target: DataConfiguration.Target

  /// Reads the data of a configuration.
  ///
  /// - Parameters:
  ///   - map: the input scaling of a trained model; taken from the training data where nil.
  /// - Throws: `DatasetError`, ``ConfigurationError``.
  public init(_ data: DataConfiguration, map: InputMap? = nil) throws {
    split = try Self.load(data)
    target = data.target
    self.map = map ?? data.scale.map(for: split.training)
    guard self.map.fits(features: split.training.features) else {
      throw ConfigurationError(
        "the model scales \(self.map.scale.count) features, but the data has \(split.training.features)")
    }
  }

  /// A problem on samples that are in memory already.
  init(split: DataSplit, scale: InputScaling, target: DataConfiguration.Target) {
    (self.split, self.target) = (split, target)
    map = scale.map(for: split.training)
  }

  public var features: Int { split.training.features }
  /// The units that a network needs at its output.
  public var outputs: Int { target == .label ? split.training.classes : features }

  /// - Throws: ``ConfigurationError`` when a network's output has the wrong size.
  public func check(outputs: Int) throws(ConfigurationError) {
    guard outputs != self.outputs else { return }
    let what = target == .label ? "\(self.outputs) classes" : "\(self.outputs) features to reconstruct"
    throw ConfigurationError(
      "network: the last layer has \(outputs) outputs, but the data has \(what); make it {dense: \(self.outputs)}")
  }

  /// Writes inputs and targets of some samples, one row each; for reconstruction `targets` is `inputs`.
  func fill<Scalar: Real>(
    _ subset: Subset, _ positions: Span<Int32>, inputs: Matrix<Scalar>, targets: Matrix<Scalar>
  ) {
    subset.fill(positions, inputs: inputs, map: map)
    if target == .label { subset.fillTargets(positions, targets: targets) }
  }

  private static func load(_ data: DataConfiguration) throws -> DataSplit {
    guard data.set != .digits else { return try .digits() }
    guard let path = data.path else {
      throw ConfigurationError("data set \(data.set.rawValue) needs its files; name them with --data or data.path")
    }
    switch data.set {
    case .digits: return try .digits()
    case .mnist, .fashionMNIST: return try .mnist(directory: path)
    case .cifar10: return try .cifar10(path: path)
    case .csv:
      let label: LabelColumn = data.label.map { text in Int(text).map { .index($0) } ?? .name(text) } ?? .last
      let header: HeaderPresence = data.header.map { $0 ? .present : .absent } ?? .automatic
      return try .csv(path: path, testPath: data.test, label: label, header: header)
    }
  }
}
