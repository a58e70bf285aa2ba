internal import Networks

/// A configuration that is built into the program.
public struct Preset: Equatable, Sendable {
  public let name: String
  /// One line for `--preset list`.
  public let summary: String
  public let yaml: String

  /// The preset that runs without any argument.
  public static let standard = digits

  /// The preset of a name.
  ///
  /// - Throws: ``ConfigurationError`` that names the nearest known preset.
  public static func named(_ name: String) throws(ConfigurationError) -> Preset {
    if let preset = all.first(where: { $0.name == name }) { return preset }
    throw ConfigurationError(UnknownName(name, among: all.map(\.name), kind: "preset").description)
  }

  /// All presets, in the order of `--preset list`.
  public static let all: [Preset] = builtIn + reweighting + paper

  /// Those on data that the program carries.
  public static let builtIn: [Preset] = [digits, linear, gates, sigmoidChain]

  /// The paper's six networks, on data of the user's.
  public static let paper: [Preset] = [("mnist", 784), ("fashion-mnist", 784), ("cifar-10", 3072)].flatMap {
    [classifier($0), autoencoder($0)]
  }

  private static let digits = Preset(
    name: "digits", summary: "the built-in UCI digits, 64-64-32-10, tanh, cross-entropy",
    yaml: """
      data: {set: digits}
      network: [{dense: 64}, tanh, {dense: 32}, tanh, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: residualPartitioning}
      regularization: {l2: 0.0001}
      training: {batch: 100, epochs: 40}
      """)

  /// The paper's classifier, D-400-100-36-10 with softplus.
  private static func classifier(_ data: (set: String, features: Int)) -> Preset {
    Preset(
      name: "\(data.set)-classifier",
      summary: "\(data.set), \(data.features)-400-100-36-10, softplus, cross-entropy (needs --data)",
      yaml: """
        data: {set: \(data.set)}
        network: [{dense: 400}, softplus, {dense: 100}, softplus, {dense: 36}, softplus, {dense: 10}]
        loss: softmaxCrossEntropy
        optimizer: {name: residualPartitioning}
        regularization: {l2: 0.0001}
        training: {batch: 100, epochs: 10}
        """)
  }

  /// The paper's autoencoder, D-64-2-64-D with tanh on every layer.
  private static func autoencoder(_ data: (set: String, features: Int)) -> Preset {
    Preset(
      name: "\(data.set)-autoencoder",
      summary: "\(data.set), \(data.features)-64-2-64-\(data.features), tanh, squared error (needs --data)",
      yaml: """
        data: {set: \(data.set), target: input}
        network: [{dense: 64}, tanh, {dense: 2}, tanh, {dense: 64}, tanh, {dense: \(data.features)}, tanh]
        loss: squaredError
        optimizer: {name: residualPartitioning}
        training: {batch: 100, epochs: 10}
        """)
  }
}
