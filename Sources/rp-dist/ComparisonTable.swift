internal import Configurations
internal import Diagnostics
internal import Foundation
internal import Optimizers

/// A comparison as text.
enum ComparisonTable {
  /// The line for one finished run.
  static func line(_ record: ComparisonRecord, number: Int, of count: Int) -> String {
    let setting = record.learningRate.map { "learning rate \(rate($0)), " } ?? ""
    let result = record.testLoss.map { "test loss \(Format.loss($0))" } ?? "diverged at step \(record.steps)"
    return
      "\(number)/\(count) \(record.optimizer.rawValue), \(setting)\(record.schedule.rawValue), seed \(record.seed): "
      + "\(result), \(Format.fixed(record.seconds, 1)) s"
  }

  /// The table of the best settings, then notes on the grids.
  static func text(_ summaries: [ComparisonSummary], seeds: Int) -> String {
    let heading = [
      "optimizer", "learning rate", "schedule", "test loss", "accuracy", "ms/step", "x SGD",
    ]
    var table = TextTable(heading, leftColumns: heading.count)
    for summary in summaries {
      table.append([
        summary.optimizer.rawValue, summary.learningRate.map(rate) ?? "-", summary.schedule?.rawValue ?? "-",
        summary.testLoss.map { interval($0) { Format.loss($0) } } ?? "diverged",
        summary.testAccuracy.map { interval($0) { Format.percent($0) } } ?? "-",
        Format.fixed(summary.secondsPerStep * 1000, 3), summary.stepsOfSGD.map { Format.fixed($0, 2) } ?? "-",
      ])
    }
    let notes = summaries.compactMap { note($0, seeds: seeds) }
    let scope = seeds > 1 ? "means over \(seeds) seeds +- 95 % intervals (Student's t)" : "one seed"
    return ([table.text, "", scope] + notes).joined(separator: "\n")
  }

  private static func interval(_ value: MeanWithInterval, _ format: (Double) -> String) -> String {
    format(value.mean) + (value.halfWidth.map { " +- " + format($0) } ?? "")
  }

  /// The place of the best learning rate in its grid, or a note that every setting diverged; nil where there is no
  /// learning rate to choose.
  private static func note(_ summary: ComparisonSummary, seeds: Int) -> String? {
    let grid = summary.learningRates.map(rate).joined(separator: ", ")
    guard let position = summary.gridPosition else {
      return "\(summary.optimizer.rawValue): diverged with every setting"
        + (grid.isEmpty ? "" : " of the grid \(grid)") + (seeds > 1 ? ", for one seed at least" : "")
    }
    guard let best = summary.learningRate else { return nil }
    let place =
      switch position {
      case .single: "the only one tried"
      case .inside: "inside the grid \(grid)"
      case .lowest: "AT THE LOWER EDGE of the grid \(grid): a smaller one may be better"
      case .highest: "AT THE UPPER EDGE of the grid \(grid): a larger one may be better"
      }
    return "\(summary.optimizer.rawValue): learning rate \(rate(best)) won, \(place)"
  }

  /// A learning rate in the usual notation: 0.003.
  private static func rate(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
