internal import Configurations
internal import Datasets
internal import Kernels
internal import Training

extension LearningProblem {
  /// Random samples in the shape of a configuration's data: bytes, as files of images hold them, of ten classes.
  ///
  /// - Throws: ``ConfigurationError`` for data whose shape is in its file, or without classes.
  init(randomFor configuration: Configuration, samples: Int) throws {
    let features =
      switch configuration.data.set {
      case .digits: 64
      case .mnist, .fashionMNIST, .kmnist, .qmnist: 784
      case .cifar10: 3072
      case .csv, .emnist, .linear, .gates, .curve:
        throw ConfigurationError(
          "steps are timed on random samples in the shape of digits, mnist, fashion-mnist or cifar-10, but data.set is "
            + "\(configuration.data.set.rawValue); choose one of them")
      }
    try require(
      configuration.data.target != .value,
      "steps are timed on random samples with classes; set data.target to label or input")
    let noise = RandomStream(seed: 1, .benchmark)
    let words = (0..<(samples * features + 7) / 8).map { noise[$0] }
    let bytes = unsafe words.withUnsafeBytes { unsafe Array($0.prefix(samples * features)) }
    let dataset = try Dataset(
      source: "random", shape: [features], classNames: (0..<10).map(String.init), bytes: bytes,
      labels: (0..<samples).map { $0 % 10 })
    self.init(
      split: DataSplit(training: dataset.all, test: dataset.all), scale: configuration.data.scale,
      target: configuration.data.target)
  }
}
