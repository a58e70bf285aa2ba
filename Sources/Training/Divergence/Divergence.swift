public import Kernels
internal import Networks
internal import Optimizers

/// What overflowed first in a training that diverged.
public struct Divergence: Equatable, Sendable, CustomStringConvertible {
  /// A subject of a sentence, such as `wDDot of layers.12.weight`.
  public let quantity: String
  /// The step at which it was found, counted from the beginning of the run.
  public private(set) var step: Int
  /// Whether it can have happened before that step: averages keep what is not finite.
  public let mayBeEarlier: Bool
  public let precision: Precision
  /// Whether it is Ẇ or Ẅ.
  let isStatistic: Bool

  init(_ quantity: String, step: Int, in precision: Precision, isStatistic: Bool = false, mayBeEarlier: Bool = false) {
    (self.quantity, self.step, self.precision) = (quantity, step, precision)
    (self.isStatistic, self.mayBeEarlier) = (isStatistic, mayBeEarlier && step > 1)
  }

  /// The same after other cycles of so many steps.
  func following(_ steps: Int) -> Divergence {
    var divergence = self
    divergence.step += steps
    return divergence
  }

  public var description: String {
    "\(quantity) overflowed \(precision.rawValue) \(mayBeEarlier ? "by" : "at") step \(step)"
  }
}

extension Configuration {
  /// What may help a training that diverged, as the end of a sentence.
  ///
  /// - Parameter learnsWeights: whether weights of the samples, and with three levels a student, learned too.
  func remedies(for divergence: Divergence?, learnsWeights: Bool) -> String {
    let isStatistic = divergence?.isStatistic ?? false
    var remedies: [String] = []
    // Before the first update no rate has played a part.
    if !isStatistic || divergence?.step != 1 { remedies += smallerRates(learnsWeights: learnsWeights) }
    if training.precision == .float32 { remedies.append("training.precision=float64") }
    // Ẅ grows with the depth of a network, whatever the size of its values.
    if isStatistic, optimizer.settings.needsCurvature { remedies.append("optimizer.name=adam") }
    if !isStatistic, !network.flatMap(\.all).contains(.batchNorm) { remedies.append("batchNorm layers") }
    return Self.mayHelp(remedies.isEmpty ? ["a network of fewer layers"] : remedies)
  }

  /// What may help a training whose loss is finite, but far above where it began.
  var remediesForHighLoss: String {
    let rates = smallerRates(learnsWeights: false)
    return Self.mayHelp(
      rates.isEmpty ? ["another training.initialization", "batchNorm layers", "optimizer.name=adam"] : rates)
  }

  private static func mayHelp(_ remedies: [String]) -> String {
    let others = remedies.dropLast()
    return (others.isEmpty ? "" : others.joined(separator: ", ") + " or ") + remedies[remedies.count - 1] + " may help"
  }

  /// Smaller values of the rates that the settings name.
  private func smallerRates(learnsWeights: Bool) -> [String] {
    var rates = [("optimizer.learningRate", optimizer.learningRate)]
    if learnsWeights, let reweight {
      rates.append(("reweight.learningRate", reweight.learningRate))
      if reweight.levels == 3 {
        rates.append(("reweight.student.optimizer.learningRate", ofStudent.optimizer.learningRate))
      }
    }
    return rates.compactMap { key, rate in
      rate.map { "a smaller \(key) (is \(Int(exactly: $0).map(String.init) ?? "\($0)"))" }
    }
  }
}
