internal import Networks

/// A configuration that is built into the program.
public struct Preset: Equatable, Sendable {
  public let name: String
  /// One line for `--preset list`.
  public let summary: String
  public let yaml: String

  /// The preset of a run without any argument.
  public static let standard = digits

  /// The preset with a name.
  ///
  /// - Throws: ``ConfigurationError`` that names the nearest known preset.
  public static func named(_ name: String) throws(ConfigurationError) -> Preset {
    if let preset = all.first(where: { $0.name == name }) { return preset }
    throw ConfigurationError(UnknownName(name, among: all.map(\.name), kind: "preset").description)
  }

  /// All presets, in the order of `--preset list`.
  public static let all: [Preset] = builtIn + reweighting + paper

  /// The presets for data that are built into the program.
  public static let builtIn: [Preset] = [digits, linear, gates, sigmoidChain]

  /// The paper's six networks, for data that the user provides.
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

/// Models whose training can be followed by hand, by gradient descent on all samples at once.
///
/// The learning rates were chosen by experiment: with seeds 1 to 5, each model converges with backpropagation, with
/// finite differences and, where they are defined, with layer targets.
extension Preset {
  static let linear = Preset(
    name: "linear", summary: "the line y = 2 x by one weight, gradient descent",
    yaml: """
      data: {set: linear, target: value, scale: none}
      network: [{dense: {outputs: 1, bias: false}}]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 0.05}
      training: {batch: 5, epochs: 40}
      """)

  static let gates = Preset(
    name: "gates", summary: "AND, OR and XOR of two bits, 2-4-3 sigmoid neurons, gradient descent",
    yaml: """
      data: {set: gates, target: value, scale: none}
      network: [{dense: 4}, sigmoid, {dense: 3}, sigmoid]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 5}
      training: {batch: 4, epochs: 1000}
      """)

  static let sigmoidChain = Preset(
    name: "sigmoid-chain", summary: "a falling curve by three sigmoid neurons in a row, gradient descent",
    yaml: """
      data: {set: curve, target: value, scale: none}
      network: [{dense: 1}, sigmoid, {dense: 1}, sigmoid, {dense: 1}, sigmoid]
      loss: squaredError
      optimizer: {name: sgd, learningRate: 2}
      training: {batch: 5, epochs: 3000}
      """)
}

/// The presets for `rp-dist reweight`: data with wrong labels, a clean validation set, and the network.
extension Preset {
  static let reweighting: [Preset] = [noisyDigits, noisyMNIST, teacherStudent]

  private static let noisyDigits = Preset(
    name: "noisy-digits-reweight",
    summary: "the built-in digits, 40 % of the labels wrong, one weight for each example",
    yaml: """
      data: {set: digits, validation: 200, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 256}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.3}
      schedule: {name: linear}
      training: {batch: 100, epochs: 40}
      reweight: {levels: 2}
      """)

  private static let noisyMNIST = Preset(
    name: "noisy-mnist-reweight",
    summary: "mnist, 40 % of the labels wrong, one weight for each example (needs --data)",
    yaml: """
      data: {set: mnist, validation: 1000, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 256}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.1}
      schedule: {name: linear}
      training: {batch: 100, epochs: 30}
      reweight: {levels: 2}
      """)

  private static let teacherStudent = Preset(
    name: "teacher-student",
    summary: "the built-in digits, a student learns a teacher's labels; few labels, 40 % wrong",
    yaml: """
      data: {set: digits, validation: 200, labelNoise: {kind: uniform, rate: 0.4, seed: 1}}
      network: [{dense: 128}, relu, {dense: 10}]
      loss: softmaxCrossEntropy
      optimizer: {name: sgd, learningRate: 0.1}
      schedule: {name: linear}
      training: {batch: 50, epochs: 150}
      reweight:
        levels: 3
        unlabelled: 738
        student: {optimizer: {name: sgd, learningRate: 0.3}, schedule: {name: linear}}
      """)
}
