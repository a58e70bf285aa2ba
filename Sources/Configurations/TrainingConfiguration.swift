public import Kernels
public import Networks

/// `training`: how long, in which portions, from which start, in which precision.
public struct TrainingConfiguration: Codable, Equatable, Sendable {
  /// The samples of one step, over all ranks together.
  public var batch = 100
  /// What becomes of samples that do not fill a batch.
  public var lastBatch = LastBatch.spread
  public var epochs = 10
  public var seed = 1
  public var precision = Precision.float32
  public var initialization = Initialization.uniform
  public var gradient = GradientMethod.backpropagation
  /// ε of ``GradientMethod/finiteDifference``.
  public var gradientStep = 1e-3
  /// The threads that each rank's matrix products use.
  public var threads = 1
  /// The parameters of all ranks are compared by hash every so many steps; only at the end where 0.
  public var checkReplicas = 0
  /// Whether the trained parameters have the same bits for any number of ranks.
  public var reproducible = false
  /// The lanes of such a training, a part of what its bits depend on: see `LaneTree`.
  public var lanes = 8
  /// nil: all epochs are trained, and the last parameters kept.
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
