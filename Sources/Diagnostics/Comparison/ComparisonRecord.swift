public import Configurations
public import Optimizers
public import RunRecords

/// One run of a comparison: the record that `rp-dist compare --out` writes for each run. Losses are without
/// regularisation; those of a run that diverged are nil.
public struct ComparisonRecord: Codable, Equatable, Sendable {
  public var optimizer: OptimizerConfiguration.Name
  /// α or λ; nil where the optimizer finds it by itself.
  @OrNull public var learningRate: Double?
  public var schedule: Schedule.Name
  public var seed: Int
  /// The number of epochs trained, including fractions.
  public var epochs: Double
  public var steps: Int
  public var ranks: Int
  /// The seconds spent on steps.
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

  /// The loss by which settings are selected: the validation loss, or the test loss without a validation set; infinite
  /// where training diverged.
  var selectionLoss: Double { validationLoss ?? testLoss ?? .infinity }
}

/// The results of a comparison for one optimizer: its best setting, and the cost of its steps.
public struct ComparisonSummary: Codable, Equatable, Sendable {
  /// The place of the best learning rate among those that were tried.
  public enum GridPosition: String, Codable, Sendable {
    /// There was no choice.
    case single
    case inside
    /// A smaller or larger learning rate that was not tried may be better.
    case lowest, highest
  }

  public var optimizer: OptimizerConfiguration.Name
  /// The rate of the best setting; nil where the optimizer finds it by itself, and where every setting diverged.
  @OrNull public var learningRate: Double? = nil
  /// The schedule of the best setting; nil where every setting diverged.
  @OrNull public var schedule: Schedule.Name? = nil
  /// The learning rates and schedules that were tried.
  public var learningRates: [Double]
  public var schedules: [Schedule.Name]
  /// nil where every setting diverged.
  @OrNull public var gridPosition: GridPosition? = nil
  /// The mean test loss of the best setting over the seeds, with its 95 % interval; nil where every setting diverged
  /// for at least one seed.
  @OrNull public var testLoss: MeanWithInterval? = nil
  /// nil without classes too.
  @OrNull public var testAccuracy: MeanWithInterval? = nil
  /// The median over all of the optimizer's runs.
  public var secondsPerStep: Double
  /// In units of SGD's step; nil where SGD's step has no time, because SGD diverged at once.
  @OrNull public var stepsOfSGD: Double? = nil

  /// Selects the best setting among an optimizer's records: the least mean loss over the seeds, on the validation set,
  /// or on the test set where there is no validation set.
  ///
  /// - Parameters:
  ///   - records: those of one optimizer, at least one; for each setting one record per seed.
  ///   - sgdStep: the seconds of a step of SGD; nil or 0 where unknown.
  public init(_ records: [ComparisonRecord], sgdStep: Double?) {
    precondition(!records.isEmpty, "there is nothing to summarise")
    var settings: [(learningRate: Double?, schedule: Schedule.Name, records: [ComparisonRecord])] = []
    for record in records {
      if let known = settings.firstIndex(where: {
        $0.learningRate == record.learningRate && $0.schedule == record.schedule
      }) {
        settings[known].records.append(record)
      } else {
        settings.append((record.learningRate, record.schedule, [record]))
      }
    }
    func score(_ records: [ComparisonRecord]) -> Double { MeanWithInterval(records.map(\.selectionLoss)).mean }
    var best = settings[0]
    for setting in settings where score(setting.records) < score(best.records) { best = setting }

    optimizer = records[0].optimizer
    learningRates = Set(settings.compactMap(\.learningRate)).sorted()
    schedules = Schedule.Name.allCases.filter { name in settings.contains { $0.schedule == name } }
    secondsPerStep = median(records.map(\.secondsPerStep))
    stepsOfSGD = sgdStep.flatMap { $0 > 0 ? secondsPerStep / $0 : nil }
    let losses = best.records.compactMap(\.testLoss)
    guard losses.count == best.records.count else { return }
    (learningRate, schedule) = (best.learningRate, best.schedule)
    gridPosition =
      if learningRates.count < 2 {
        .single
      } else if learningRate == learningRates.first {
        .lowest
      } else if learningRate == learningRates.last {
        .highest
      } else {
        .inside
      }
    testLoss = MeanWithInterval(losses)
    let accuracies = best.records.compactMap(\.testAccuracy)
    testAccuracy = accuracies.count == losses.count ? MeanWithInterval(accuracies) : nil
  }
}

/// A mean and the half width of its 95 % confidence interval by Student's t.
public struct MeanWithInterval: Codable, Equatable, Sendable {
  public var mean: Double
  /// nil for one value, and where the squares of the deviations overflow.
  @OrNull public var halfWidth: Double? = nil

  /// - Parameter values: at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing has no mean")
    let n = Double(values.count)
    // Dividing first avoids overflow: the sum of finite values may overflow, their mean does not.
    let mean = values.reduce(0) { $0 + $1 / n }
    self.mean = mean
    guard values.count > 1 else { return }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    guard variance.isFinite else { return }
    halfWidth = Self.studentQuantile(degreesOfFreedom: values.count - 1) * (variance / n).squareRoot()
  }

  /// The 97.5 % quantile of Student's t distribution, to three digits (Fisher and Yates, Statistical Tables, 1938);
  /// above 30 degrees of freedom by the first terms of its expansion about the normal quantile.
  static func studentQuantile(degreesOfFreedom: Int) -> Double {
    let table = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
      2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]
    if degreesOfFreedom <= table.count { return table[degreesOfFreedom - 1] }
    let (z, n) = (1.959964, Double(degreesOfFreedom))
    return z + (z * z * z + z) / (4 * n)
  }
}
