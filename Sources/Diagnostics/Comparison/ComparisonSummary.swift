public import Configurations
public import Optimizers
public import RunRecords

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
  /// Of the best setting; nil where the optimizer finds it by itself, and where every setting diverged.
  @OrNull public var learningRate: Double? = nil
  /// Of the best setting; nil where every setting diverged.
  @OrNull public var schedule: Schedule.Name? = nil
  /// The learning rates and schedules that were tried.
  public var learningRates: [Double]
  public var schedules: [Schedule.Name]
  /// nil where every setting diverged.
  @OrNull public var gridPosition: GridPosition? = nil
  /// The mean test loss of the best setting over the seeds, with its 95 % interval; nil where every setting diverged,
  /// each for one seed at least.
  @OrNull public var testLoss: MeanWithInterval? = nil
  /// nil without classes too.
  @OrNull public var testAccuracy: MeanWithInterval? = nil
  /// The median over all of the optimizer's runs.
  public var secondsPerStep: Double
  /// In units of SGD's step; nil where that has no time, because SGD diverged at once.
  @OrNull public var stepsOfSGD: Double? = nil

  /// The best setting among an optimizer's records: the least mean loss over the seeds, on the validation set, or on
  /// the test set without one.
  ///
  /// - Parameters:
  ///   - records: of one optimizer, at least one; for each setting one for each seed.
  ///   - sgdStep: the seconds of a step of SGD; nil or 0 where they are not known.
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
    func judged(_ records: [ComparisonRecord]) -> Double { MeanWithInterval(records.map(\.judgedLoss)).mean }
    var best = settings[0]
    for setting in settings where judged(setting.records) < judged(best.records) { best = setting }

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
