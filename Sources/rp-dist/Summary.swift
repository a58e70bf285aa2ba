internal import Foundation
internal import RunRecords

/// How numbers are printed for people.
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
  /// The lines that end a training run; the last one is that of the test set's accuracy, or loss where there are no
  /// classes.
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
