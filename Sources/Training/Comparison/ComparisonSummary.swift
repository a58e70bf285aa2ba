public import Optimizers

/// What a comparison found out about one optimizer: its best setting, and what that costs.
public struct ComparisonSummary: Codable, Equatable, Sendable {
  /// Where the best learning rate lies among those that were tried.
  public enum GridPosition: String, Codable, Sendable {
    /// There was nothing to choose from.
    case single
    case inside
    /// A smaller or larger learning rate, that was not tried, may be better.
    case lowest, highest
  }

  public var optimizer: OptimizerConfiguration.Name
  /// Of the best setting; nil where the optimizer finds it by itself.
  public var learningRate: Double?
  public var schedule: Schedule.Name
  /// The learning rates and schedules that were tried.
  public var learningRates: [Double]
  public var schedules: [Schedule.Name]
  public var gridPosition: GridPosition
  /// The mean test loss of the best setting over the seeds, with its 95 % interval; infinite where a seed diverged.
  public var testLoss: MeanWithInterval
  /// nil without classes.
  public var testAccuracy: MeanWithInterval?
  /// The median over all of the optimizer's runs.
  public var secondsPerStep: Double
  /// In units of SGD's step.
  public var stepsOfSGD: Double

  /// The best setting among an optimizer's records: the least mean loss over the seeds, on the validation set, or on
  /// the test set without one.
  ///
  /// - Parameters:
  ///   - records: of one optimizer, at least one; for each setting one for each seed.
  ///   - sgdStep: the seconds of a step of SGD.
  public init(_ records: [ComparisonRecord], sgdStep: Double) {
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
    func judged(_ records: [ComparisonRecord]) -> Double { MeanWithInterval(records.map(\.judgedLoss)).mean }
    var best = settings[0]
    for setting in settings where judged(setting.records) < judged(best.records) { best = setting }

    optimizer = records[0].optimizer
    (learningRate, schedule) = (best.learningRate, best.schedule)
    learningRates = Set(settings.compactMap(\.learningRate)).sorted()
    schedules = Schedule.Name.allCases.filter { name in settings.contains { $0.schedule == name } }
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
    testLoss = MeanWithInterval(best.records.map { $0.testLoss ?? .infinity })
    let accuracies = best.records.compactMap(\.testAccuracy)
    testAccuracy = accuracies.count == best.records.count ? MeanWithInterval(accuracies) : nil
    secondsPerStep = median(records.map(\.secondsPerStep))
    stepsOfSGD = secondsPerStep / sgdStep
  }
}

/// A mean with the half width of its 95 % confidence interval by Student's t; the half width of one value is nil.
public struct MeanWithInterval: Codable, Equatable, Sendable {
  public var mean: Double
  public var halfWidth: Double?

  /// - Parameter values: at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing has no mean")
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    self.mean = mean
    guard values.count > 1, mean.isFinite else { return }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    halfWidth = Self.studentQuantile(degreesOfFreedom: values.count - 1) * (variance / n).squareRoot()
  }

  /// The 97.5 % quantile of Student's t distribution, to three digits (Fisher and Yates, Statistical Tables, 1938); above
  /// 30 degrees of freedom by the first terms of its expansion about the normal quantile.
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

/// The middle one of the values, the greater of the two middle ones of an even number.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
