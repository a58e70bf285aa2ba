public import Datasets
public import Kernels
public import Networks
public import Optimizers

/// Everything that decides what a training run computes, decoded once and checked once.
public struct Configuration: Codable, Equatable, Sendable {
  public var data = DataConfiguration()
  public var network: [LayerConfiguration] = []
  public var loss = Loss.softmaxCrossEntropy
  public var optimizer = OptimizerConfiguration()
  public var regularization = RegularizationConfiguration()
  public var training = TrainingConfiguration()
  public var run = RunConfiguration()

  enum CodingKeys: String, StrictKey {
    case data, network, loss, optimizer, regularization, training, run
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    data = try values.value(.data, or: data)
    network = try values.value(.network, or: network)
    loss = try values.name(.loss, or: loss)
    optimizer = try values.value(.optimizer, or: optimizer)
    regularization = try values.value(.regularization, or: regularization)
    training = try values.value(.training, or: training)
    run = try values.value(.run, or: run)
  }
}

/// `data`: what is learned from what.
public struct DataConfiguration: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case digits
    case mnist
    case fashionMNIST = "fashion-mnist"
    case cifar10 = "cifar-10"
    case csv
  }

  /// What the network is to give out for an input.
  public enum Target: String, Codable, CaseIterable, Sendable {
    /// The sample's class, as a one-hot row.
    case label
    /// The scaled input itself (reconstruction).
    case input
  }

  public var set = Kind.digits
  /// The directory or file of the data; the digits are built in.
  public var path: String?
  /// (M20), taken from the training data.
  public var scale = InputScaling.symmetric
  public var target = Target.label
  /// CSV: the label's column, a name or a number from 0; the last column if left out.
  public var label: String?
  /// CSV: whether the first line names the columns; found out if left out.
  public var header: Bool?
  /// CSV: the file of the test set; a stratified fifth of the rows if left out.
  public var test: String?

  enum CodingKeys: String, StrictKey { case set, path, scale, target, label, header, test }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    set = try values.name(.set, or: set)
    path = try values.decodeIfPresent(String.self, forKey: .path)
    scale = try values.name(.scale, or: scale)
    target = try values.name(.target, or: target)
    label = try values.decodeIfPresent(String.self, forKey: .label)
    header = try values.decodeIfPresent(Bool.self, forKey: .header)
    test = try values.decodeIfPresent(String.self, forKey: .test)
  }
}

/// `optimizer`: how statistics become a step.
public struct OptimizerConfiguration: Codable, Equatable, Sendable {
  public enum Name: String, Codable, CaseIterable, Sendable { case residualPartitioning }

  public var name = Name.residualPartitioning
  /// λ of (M11).
  public var learningRate = 1.0
  /// δ of (M11).
  public var damping = 0.0
  public var bound = Bound.paper
  public var lossPartition = LossPartition.automatic

  enum CodingKeys: String, StrictKey { case name, learningRate, damping, bound, lossPartition }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try values.name(.name, or: name)
    learningRate = try values.value(.learningRate, or: learningRate)
    damping = try values.value(.damping, or: damping)
    bound = try values.name(.bound, or: bound)
    lossPartition = try values.name(.lossPartition, or: lossPartition)
  }
}

/// `regularization`: R of (M2).
public struct RegularizationConfiguration: Codable, Equatable, Sendable {
  public var l2 = 0.0
  public var l1 = 0.0
  public var includingBiases = true

  enum CodingKeys: String, StrictKey { case l2, l1, includingBiases }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    l2 = try values.value(.l2, or: l2)
    l1 = try values.value(.l1, or: l1)
    includingBiases = try values.value(.includingBiases, or: includingBiases)
  }

  public var regularization: Regularization {
    Regularization(l2: l2, l1: l1, includingBiases: includingBiases)
  }
}

/// `training`: how long, in which portions, from which start, in which precision.
public struct TrainingConfiguration: Codable, Equatable, Sendable {
  /// The samples of one step, over all ranks together.
  public var batch = 100
  public var epochs = 10
  public var seed = 1
  public var precision = Precision.float32
  public var initialization = Initialization.uniform
  /// The threads that each rank's matrix products use.
  public var blasThreads = 1

  enum CodingKeys: String, StrictKey { case batch, epochs, seed, precision, initialization, blasThreads }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    batch = try values.value(.batch, or: batch)
    epochs = try values.value(.epochs, or: epochs)
    seed = try values.value(.seed, or: seed)
    precision = try values.name(.precision, or: precision)
    initialization = try values.name(.initialization, or: initialization)
    blasThreads = try values.value(.blasThreads, or: blasThreads)
  }
}

/// `run`: where the results go.
public struct RunConfiguration: Codable, Equatable, Sendable {
  /// The folder that holds the run folders.
  public var folder = "runs"
  /// The run's own folder; preset and start time if left out.
  public var name: String?

  enum CodingKeys: String, StrictKey { case folder, name }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    folder = try values.value(.folder, or: folder)
    name = try values.decodeIfPresent(String.self, forKey: .name)
  }
}
