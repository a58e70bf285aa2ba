internal import Hypergradients
public import Kernels
public import Networks

/// `training`: the number of epochs, the batches, the initial parameters, the precision and so on.
public struct TrainingConfiguration: Codable, Equatable, Sendable {
  /// The number of samples in one step, over all ranks together.
  public var batch = 100
  /// How samples are treated that do not fill a batch.
  public var lastBatch = LastBatch.spread
  public var epochs = 10
  public var seed = 1
  public var precision = Precision.float32
  public var initialization = Initialization.uniform
  public var gradient = GradientMethod.backpropagation
  /// ε of ``GradientMethod/finiteDifference``.
  public var gradientStep = 1e-3
  /// The number of threads for each rank's matrix products.
  public var threads = 1
  /// The number of steps between comparisons of all ranks' parameters by hash; 0 for one comparison at the end.
  public var checkReplicas = 0
  /// Whether the trained parameters have the same bits for any number of ranks.
  public var reproducible = false
  /// The number of lanes of a reproducible training; its bits depend on this number: see `LaneTree`.
  public var lanes = 8
  /// nil: all epochs are trained, and the last parameters are kept.
  public var stopEarly: EarlyStoppingConfiguration?

  enum CodingKeys: String, StrictKey {
    case batch, lastBatch, epochs, seed, precision, initialization, gradient, gradientStep, threads, checkReplicas,
      reproducible, lanes, stopEarly
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    batch = try values.value(.batch, or: batch)
    lastBatch = try values.name(.lastBatch, or: lastBatch)
    epochs = try values.value(.epochs, or: epochs)
    seed = try values.value(.seed, or: seed)
    precision = try values.name(.precision, or: precision)
    initialization = try values.name(.initialization, or: initialization)
    gradient = try values.name(.gradient, or: gradient)
    gradientStep = try values.value(.gradientStep, or: gradientStep)
    threads = try values.value(.threads, or: threads)
    checkReplicas = try values.value(.checkReplicas, or: checkReplicas)
    reproducible = try values.value(.reproducible, or: reproducible)
    lanes = try values.value(.lanes, or: lanes)
    stopEarly = try values.decodeIfPresent(EarlyStoppingConfiguration.self, forKey: .stopEarly)
  }
}

extension TrainingConfiguration {
  /// The number of lanes in which sums over samples are added up; nil if the training need not be reproducible.
  package var lanesOfSums: Int? { reproducible ? lanes : nil }

  /// The largest number of samples of a minibatch on one rank.
  package func capacity(of samples: Int, ranks: Int) -> Int {
    LaneTree.capacity(samples: samples, lanes: lanesOfSums ?? ranks, ranks: ranks)
  }
}

extension Configuration {
  /// - Throws: ``ConfigurationError`` for settings that exclude a reproducible training.
  func checkReproducible() throws(ConfigurationError) {
    try require(
      (1...1024).contains(training.lanes), "training.lanes is \(training.lanes); it must be from 1 to 1024")
    guard training.reproducible else { return }
    try require(
      reduction.curvaturePrecision == .float32,
      "reduction.curvaturePrecision bfloat16 rounds what travels between ranks, but training.reproducible gives the same "
        + "bits for any number of them; leave one of them out")
    try require(
      reweight?.grid ?? .automatic == .automatic,
      "reweight.grid shares directions out among ranks, but with training.reproducible they share the samples of every "
        + "direction; leave one of them out")
  }
}

/// `training.lastBatch`: how an epoch is divided into batches if the number of samples is not a multiple of the batch
/// size.
public enum LastBatch: String, Codable, CaseIterable, Sendable {
  /// The samples are divided equally: the sizes of all batches differ by at most one.
  case spread
  /// The last batch is shorter.
  case keep
  /// The samples that do not fill a batch are left out; in the next epoch these are others, because the order changes.
  case drop
}

/// `training.stopEarly`: training ends when the validation loss has not fallen for `patience` epochs, and the
/// parameters with the least validation loss are kept.
public struct EarlyStoppingConfiguration: Codable, Equatable, Sendable {
  public var patience: Int

  enum CodingKeys: String, StrictKey { case patience }

  public init(patience: Int) { self.patience = patience }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    patience = try values.value(.patience, or: 5)
  }
}

/// `training.gradient`: how the gradient Ẇ of a minibatch is computed. Only backpropagation also gives Ẅ.
public enum GradientMethod: String, Codable, CaseIterable, Sendable {
  /// (M8–M10), exact.
  case backpropagation
  /// ``Networks/Network/finiteDifferenceGradient(inputs:targets:parameters:loss:step:into:)``.
  case finiteDifference
  /// ``LayerTargets``; in layers below the top this is not the gradient.
  case layerTargets
}
