/// Statistics of the weights of all training examples, in the lines of `metrics.jsonl` and in the result of a run.
public struct WeightStatistics: Codable, Equatable, Sendable {
  public var mean: Double
  /// The root of the mean squared distance from the mean.
  public var deviation: Double
  public var least: Double
  public var greatest: Double
  /// The share of weights that are 0.
  public var zeros: Double
  /// The probability that a true label has a greater weight than a wrong one; nil if the true labels are not known.
  public var auc: Double?
  /// The share of wrong labels among the samples of least weight, as many as there are wrong labels; nil likewise.
  public var precision: Double?

  /// - Precondition: there is at least one weight.
  public init(_ weights: [Double], auc: Double?, precision: Double?) {
    precondition(!weights.isEmpty, "without weights there is nothing to summarise")
    let count = Double(weights.count)
    let mean = weights.reduce(0, +) / count
    self.mean = mean
    deviation = (weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    least = weights.reduce(.infinity, min)
    greatest = weights.reduce(-.infinity, max)
    zeros = Double(weights.count { $0 == 0 }) / count
    (self.auc, self.precision) = (auc, precision)
  }
}

/// The result of learning the weights of examples: the part `reweight` of a run's result.
public struct ReweightResult: Codable, Equatable, Sendable {
  /// The quality of a network on the test set; nulls if its training diverged.
  public struct Quality: Codable, Equatable, Sendable {
    @OrNull public var testLoss: Double?
    @OrNull public var testAccuracy: Double?

    public init(testLoss: Double?, testAccuracy: Double?) {
      (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
    }
  }

  /// How the ranks were divided: groups × ranks of a group; the sizes of the groups differ by at most one.
  public struct Grid: Codable, Equatable, Sendable {
    /// The setting in the configuration.
    public var setting: String
    /// The groups in the passes over weighted examples, and over unlabelled samples if there is a student.
    public var groups: Int
    public var studentGroups: Int?

    public init(setting: String, groups: Int, studentGroups: Int?) {
      (self.setting, self.groups, self.studentGroups) = (setting, groups, studentGroups)
    }
  }

  /// One training example.
  public struct Example: Codable, Equatable, Sendable {
    public var id: Int
    @OrNull public var label: String?
    /// nil if it is not known.
    @OrNull public var trueLabel: String?
    public var weight: Double
    public var loss: Double
    @OrNull public var margin: Double?

    public init(id: Int, label: String?, trueLabel: String?, weight: Double, loss: Double, margin: Double?) {
      (self.id, self.weight, self.loss) = (id, weight, loss)
      (self.label, self.trueLabel, self.margin) = (label, trueLabel, margin)
    }
  }

  /// One of several trainings of the network.
  public struct Cycle: Codable, Equatable, Sendable {
    /// Counted from 1.
    public var cycle: Int
    /// β, the factor that turned the outputs of the previous network into calibrated probabilities; nil for the first
    /// cycle.
    @OrNull public var inverseTemperature: Double?
    /// The share of wrong labels that was expected after the previous network; nil for the first cycle.
    @OrNull public var wrongShare: Double?
    @OrNull public var validationLoss: Double?
    @OrNull public var validationAccuracy: Double?
    @OrNull public var testLoss: Double?
    @OrNull public var testAccuracy: Double?
    /// The weights after the cycle.
    public var weights: WeightStatistics

    public init(
      cycle: Int, inverseTemperature: Double?, wrongShare: Double?, validationLoss: Double?,
      validationAccuracy: Double?, testLoss: Double?, testAccuracy: Double?, weights: WeightStatistics
    ) {
      (self.cycle, self.weights, self.testLoss) = (cycle, weights, testLoss)
      (self.inverseTemperature, self.wrongShare) = (inverseTemperature, wrongShare)
      (self.validationLoss, self.validationAccuracy) = (validationLoss, validationAccuracy)
      self.testAccuracy = testAccuracy
    }
  }

  public var levels: Int
  /// One for each training of the network; the last cycle gave the run's own numbers.
  public var cycles: [Cycle]?
  public var grid: Grid
  public var weights: WeightStatistics
  /// The number of training examples with weights, and the number of labels that are known to be wrong.
  public var examples: Int
  @OrNull public var flipped: Int?
  /// For three levels, the quality of the teacher; the run's own losses are the student's.
  public var teacher: Quality?
  /// The quality after the same training with equal weights; nil if it was not wanted.
  @OrNull public var unweighted: Quality?
  /// The quality after the same number of steps on the examples with true labels; nil if it was not wanted, or the true
  /// labels are not known.
  @OrNull public var clean: Quality?
  /// The examples of least weight, in ascending order.
  public var lowest: [Example]

  public init(
    levels: Int, grid: Grid, weights: WeightStatistics, examples: Int, flipped: Int?, teacher: Quality?,
    lowest: [Example]
  ) {
    (self.levels, self.grid, self.weights, self.examples) = (levels, grid, weights, examples)
    (self.flipped, self.teacher, self.lowest) = (flipped, teacher, lowest)
  }
}
