/// The weights of the training examples as a whole; a line of `metrics.jsonl` and the result of a run have them.
public struct WeightStatistics: Codable, Equatable, Sendable {
  public var mean: Double
  /// The root of the mean squared distance from the mean.
  public var deviation: Double
  public var least: Double
  public var greatest: Double
  /// The share of weights that are 0.
  public var zeros: Double
  /// The probability that a true label weighs more than a wrong one; nil where the truth is not known.
  public var auc: Double?
  /// The share of wrong labels among as many samples of least weight as there are wrong labels; nil likewise.
  public var precision: Double?

  /// - Precondition: there is a weight.
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

/// What learning the weights of examples gave: the part `reweight` of a run's result.
public struct ReweightResult: Codable, Equatable, Sendable {
  /// How good a network is on the test set; nulls where its training diverged.
  public struct Quality: Codable, Equatable, Sendable {
    @OrNull public var testLoss: Double?
    @OrNull public var testAccuracy: Double?

    public init(testLoss: Double?, testAccuracy: Double?) {
      (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
    }
  }

  /// How the ranks were shared out: groups × ranks of a group, the last of which may have one more.
  public struct Grid: Codable, Equatable, Sendable {
    /// As it was configured.
    public var setting: String
    /// The groups of the passes over weighted examples, and over unlabelled samples where there is a student.
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
    /// nil where it is not known.
    @OrNull public var trueLabel: String?
    public var weight: Double
    public var loss: Double
    @OrNull public var margin: Double?

    public init(id: Int, label: String?, trueLabel: String?, weight: Double, loss: Double, margin: Double?) {
      (self.id, self.weight, self.loss) = (id, weight, loss)
      (self.label, self.trueLabel, self.margin) = (label, trueLabel, margin)
    }
  }

  /// One training of the network among several.
  public struct Cycle: Codable, Equatable, Sendable {
    /// Counted from 1.
    public var cycle: Int
    /// β, what the outputs of the network before were multiplied by to be probabilities; nil for the first cycle.
    @OrNull public var inverseTemperature: Double?
    /// The share of wrong labels that was then expected.
    @OrNull public var wrongShare: Double?
    @OrNull public var validationLoss: Double?
    @OrNull public var validationAccuracy: Double?
    @OrNull public var testLoss: Double?
    @OrNull public var testAccuracy: Double?
    /// After the cycle.
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
  /// One for each time the network was trained; the last is that of the run's own numbers.
  public var cycles: [Cycle]?
  public var grid: Grid
  public var weights: WeightStatistics
  /// The training examples that have weights, and how many of their labels are known to be wrong.
  public var examples: Int
  @OrNull public var flipped: Int?
  /// Of three levels, the teacher; the run's own losses are those of the student.
  public var teacher: Quality?
  /// The same training with all weights alike; nil where it was not wanted.
  @OrNull public var unweighted: Quality?
  /// The same number of steps on the examples whose labels are true; nil where it was not wanted, or the truth is not known.
  @OrNull public var clean: Quality?
  /// Those of least weight, the least first.
  public var lowest: [Example]

  public init(
    levels: Int, grid: Grid, weights: WeightStatistics, examples: Int, flipped: Int?, teacher: Quality?,
    lowest: [Example]
  ) {
    (self.levels, self.grid, self.weights, self.examples) = (levels, grid, weights, examples)
    (self.flipped, self.teacher, self.lowest) = (flipped, teacher, lowest)
  }
}
