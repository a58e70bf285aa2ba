public import Configurations
internal import Datasets
internal import Kernels
public import Networks
internal import Training

/// A network whose step is timed, on samples of random bytes.
public struct BenchmarkNetwork: Sendable {
  /// A preset's name, or `wide`.
  public let name: String
  private let preset: Preset
  private let settings: [String]

  private init(name: String, preset: Preset, settings: [String] = []) {
    (self.name, self.preset, self.settings) = (name, preset, settings)
  }

  /// The paper's networks, each once: those for Fashion-MNIST are the same as those for MNIST.
  public static let paper = Preset.paper.filter { !$0.name.hasPrefix("fashion") }.map(network)

  /// The network of one of the paper's presets.
  ///
  /// - Throws: `UnknownName`.
  public static func named(_ name: String) throws(UnknownName) -> BenchmarkNetwork {
    guard let preset = Preset.paper.first(where: { $0.name == name }) else {
      throw UnknownName(name, among: Preset.paper.map(\.name), kind: "network")
    }
    return network(preset)
  }

  private static func network(_ preset: Preset) -> BenchmarkNetwork {
    BenchmarkNetwork(name: preset.name, preset: preset)
  }

  /// A softplus classifier of 784 inputs and 10 classes with `layers` dense layers, all but the last `width` wide.
  public static func wide(_ width: Int, layers: Int) throws(ConfigurationError) -> BenchmarkNetwork {
    let hidden = String(repeating: "{dense: \(width)}, softplus, ", count: layers - 1)
    return BenchmarkNetwork(
      name: "wide", preset: try .named("mnist-classifier"), settings: ["network=[\(hidden){dense: 10}]"])
  }

  /// The configuration of a recipe, without regularisation, like the programs that it is compared with.
  ///
  /// - Throws: ``ConfigurationError``.
  func configuration(_ recipe: StepRecipe, settings more: [String]) throws -> Configuration {
    let own = ["regularization.l2=0"] + settings + recipe.settings
    return try ConfigurationSource(preset: preset, data: "none", settings: own + more).configuration()
  }
}

extension LearningProblem {
  /// Random samples in the shape of a configuration's data: bytes, as in image files, with ten classes.
  ///
  /// - Throws: ``ConfigurationError`` for data whose shape is only in its file, or that has no classes.
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
