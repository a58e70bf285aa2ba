public import Configurations
public import Optimizers
public import RunRecords

/// One run of a comparison: what `rp-dist compare --out` writes for each. Losses are without regularisation; those of a
/// run that diverged are nil.
public struct ComparisonRecord: Codable, Equatable, Sendable {
  public var optimizer: OptimizerConfiguration.Name
  /// α or λ; nil where the optimizer finds it by itself.
  @OrNull public var learningRate: Double?
  public var schedule: Schedule.Name
  public var seed: Int
  /// The epochs that were trained, a part of one counted as a part.
  public var epochs: Double
  public var steps: Int
  public var ranks: Int
  /// Spent on steps.
  public var seconds: Double
  public var secondsPerStep: Double
  @OrNull public var trainingLoss: Double?
  @OrNull public var validationLoss: Double?
  @OrNull public var testLoss: Double?
  @OrNull public var testAccuracy: Double?

  public init(
    optimizer: OptimizerConfiguration.Name, learningRate: Double?, schedule: Schedule.Name, seed: Int, epochs: Double,
    steps: Int, ranks: Int, seconds: Double, secondsPerStep: Double, trainingLoss: Double? = nil,
    validationLoss: Double? = nil, testLoss: Double? = nil, testAccuracy: Double? = nil
  ) {
    (self.optimizer, self.learningRate, self.schedule, self.seed) = (optimizer, learningRate, schedule, seed)
    (self.epochs, self.steps, self.ranks) = (epochs, steps, ranks)
    (self.seconds, self.secondsPerStep) = (seconds, secondsPerStep)
    (self.trainingLoss, self.validationLoss) = (trainingLoss, validationLoss)
    (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
  }

  /// What settings are judged by: the validation loss, or the test loss without a validation set; infinite where
  /// training diverged.
  var judgedLoss: Double { validationLoss ?? testLoss ?? .infinity }
}
