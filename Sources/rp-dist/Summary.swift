internal import Foundation
internal import RunRecords

/// The formats of numbers for people.
enum Format {
  static func loss(_ value: Double) -> String {
    guard abs(value) < 1e6 else { return "\(Float(value))" }
    return fixed(value, abs(value) >= 100 ? 2 : 4)
  }

  static func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }

  static func fixed(_ value: Double, _ digits: Int) -> String {
    value.formatted(.number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US")))
  }

  /// Three digits and an exponent, such as 1.23e-09.
  static func scientific(_ value: Double) -> String { String(format: "%.2e", value) }
}

extension RunResult {
  /// The lines that end a training run; the last one is the accuracy on the test set, or the loss on it where there are
  /// no classes.
  var summary: String {
    var lines = ["run: \(run)", "\(steps) steps in \(Format.fixed(seconds, 2)) s"]
    if let bestEpoch { lines.append("epochs: \(epochs), kept: that of epoch \(bestEpoch)") }
    lines.append("training loss: \(Format.loss(trainingLoss))")
    if let trainingAccuracy { lines.append("training accuracy: \(Format.percent(trainingAccuracy))") }
    if let validationLoss { lines.append("validation loss: \(Format.loss(validationLoss))") }
    if let validationAccuracy { lines.append("validation accuracy: \(Format.percent(validationAccuracy))") }
    lines.append("test loss: \(Format.loss(testLoss))")
    if let testAccuracy { lines.append("test accuracy: \(Format.percent(testAccuracy))") }
    return (lines + (reweight?.lines(of: self) ?? [])).joined(separator: "\n")
  }
}

extension ReweightResult {
  /// The lines about the weights after those of the run, whose numbers belong to the network that was evaluated on the
  /// validation set.
  func lines(of run: RunResult) -> [String] {
    var lines = [
      "weights: \(examples), mean \(Format.fixed(weights.mean, 3)), from \(Format.fixed(weights.least, 3)) to "
        + "\(Format.fixed(weights.greatest, 3)), \(Format.percent(weights.zeros)) are 0"
    ]
    if let flipped { lines.append("wrong labels: \(flipped) (\(Format.percent(Double(flipped) / Double(examples))))") }
    if let auc = weights.auc, let precision = weights.precision {
      lines.append("AUC of the weights: \(Format.fixed(auc, 4))")
      lines.append("precision at the noise rate: \(Format.percent(precision))")
    }
    if let cycles, cycles.count > 1 { lines += ["cycles:"] + cycles.map(Self.line) }
    lines.append("lowest weights:")
    lines += lowest.map(Self.line)
    func quality(_ name: String, _ loss: Double?, _ accuracy: Double?) -> String {
      guard let loss else { return "  \(name): diverged" }
      return "  \(name): loss \(Format.loss(loss))" + (accuracy.map { ", accuracy \(Format.percent($0))" } ?? "")
    }
    lines.append("test set:")
    if let unweighted {
      lines.append(quality("no learned weights", unweighted.testLoss, unweighted.testAccuracy))
    }
    if let teacher { lines.append(quality("teacher with learned weights", teacher.testLoss, teacher.testAccuracy)) }
    lines.append(quality("learned weights", run.testLoss, run.testAccuracy))
    if let clean { lines.append(quality("true labels alone", clean.testLoss, clean.testAccuracy)) }
    return lines
  }

  private static func line(_ cycle: Cycle) -> String {
    "  \(cycle.cycle): "
      + (cycle.wrongShare.map { "from \(Format.percent($0)) wrong labels, " } ?? "from equal weights, ")
      + (cycle.weights.auc.map { "AUC \(Format.fixed($0, 4)), " } ?? "")
      + (cycle.validationAccuracy.map { "validation \(Format.percent($0)), " } ?? "")
      + (cycle.testAccuracy.map { "test \(Format.percent($0))" } ?? "test diverged")
  }

  private static func line(_ example: Example) -> String {
    "  sample \(example.id): weight \(Format.fixed(example.weight, 4))"
      + (example.label.map { ", label \($0)" } ?? "")
      + (example.trueLabel.map { $0 == example.label ? " (true)" : " (truly \($0))" } ?? "")
      + ", loss \(Format.loss(example.loss))"
  }
}
