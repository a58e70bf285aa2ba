public import Configurations
internal import Datasets
private import Foundation
internal import Kernels
private import Networks

extension LearningProblem {
  /// Refuses data from which no training can learn anything, and lists reasons that may keep a training from learning.
  ///
  /// - Returns: warnings for the user, one sentence each: training can go on.
  /// - Throws: ``ConfigurationError`` where all training samples have the same class or the same input.
  /// - Complexity: one pass over the targets. Inputs are read up to the first input that differs.
  public func checkLearnable(by configuration: Configuration) throws(ConfigurationError) -> [String] {
    try checkClasses()
    let isConstant =
      switch configuration.training.precision {
      case .float32: hasConstantInputs(as: Float.self)
      case .float64: hasConstantInputs(as: Double.self)
      }
    let what =
      split.training.count == 1
      ? "there is only 1 training sample"
      : "all \(split.training.count) training samples give the network the same input"
    try require(
      !isConstant,
      "\(split.training.dataset.source): \(what), so there is nothing to learn; check the data and data.scale, which is "
        + map.scaling.rawValue)
    return doubts(of: configuration)
  }

  private func checkClasses() throws(ConfigurationError) {
    guard target == .label else { return }
    let counts = split.training.classCounts
    guard let only = counts.firstIndex(of: split.training.count) else { return }
    let what =
      split.training.count == 1 ? "the only training sample has" : "all \(split.training.count) training samples have"
    throw ConfigurationError(
      "\(split.training.dataset.source): \(what) class '\(split.training.dataset.classNames[only])', so there is nothing to "
        + "learn; add samples of another class, or check data.label and data.validation")
  }

  /// Whether all training samples give a network the same input.
  func hasConstantInputs<Scalar: Real>(as precision: Scalar.Type) -> Bool {
    let training = split.training
    let most = max(1, min(training.count, 1 << 16 / training.features))
    let (first, rows) = (Matrix<Scalar>(rows: 1, columns: features), Matrix<Scalar>(rows: most, columns: features))
    training.fill([0].span, inputs: first, map: map)
    let input = first[0].array
    for start in stride(from: 0, to: training.count, by: most) {
      let positions = (start..<min(start + most, training.count)).map { Int32($0) }
      training.fill(positions.span, inputs: rows.prefix(positions.count), map: map)
      guard positions.indices.allSatisfy({ rows[$0].array == input }) else { return false }
    }
    return true
  }
}

extension LearningProblem {
  /// Reasons that may keep a training from learning, one sentence each.
  func doubts(of configuration: Configuration) -> [String] {
    [
      constantTargets, unseenClasses, manyClasses, noise(configuration.data.labelNoise), outputRange(configuration),
      dropout(configuration.network), warmup(configuration),
    ].compactMap(\.self)
  }

  private var constantTargets: String? {
    guard target == .value, split.training.hasConstantTargets else { return nil }
    return "all \(split.training.count) training samples have the same target, so the network learns a constant; check "
      + "data.label"
  }

  private var unseenClasses: String? {
    guard target == .label else { return nil }
    let (seen, names) = (split.training.classCounts, split.training.dataset.classNames)
    let evaluated = [split.test, split.validation].compactMap { $0?.classCounts }
    let unseen = seen.indices.filter { k in seen[k] == 0 && evaluated.contains { $0[k] > 0 } }
    guard !unseen.isEmpty else { return nil }
    let list = unseen.prefix(5).map { "'\(names[$0])'" }.joined(separator: ", ") + (unseen.count > 5 ? ", …" : "")
    return
      "\(unseen.count == 1 ? "class \(list) has" : "\(unseen.count) classes (\(list)) have") no training sample, so "
      + "the network cannot learn \(unseen.count == 1 ? "it" : "them"), but test or validation set have some"
  }

  private var manyClasses: String? {
    guard target == .label else { return nil }
    let counts = split.training.classCounts
    let classes = counts.count { $0 > 0 }
    guard 2 * counts.count(where: { $0 == 1 }) > classes else { return nil }
    return "the \(split.training.count) training samples have \(classes) classes, most of them one sample; check "
      + "data.label, or learn numbers by data.target value"
  }

  private func noise(_ noise: LabelNoiseConfiguration?) -> String? {
    guard target == .label, let noise else { return nil }
    let others = noise.kind == .uniform ? split.training.classes - 1 : 1
    guard (1 - noise.rate) * Double(others) <= noise.rate else { return nil }
    return "with data.labelNoise {kind: \(noise.kind.rawValue), rate: \(noise.rate)} a wrong label is as likely as the "
      + "true one, or likelier: the network cannot learn the true ones"
  }

  private func outputRange(_ configuration: Configuration) -> String? {
    let last = configuration.network.last { $0 != .flatten }?.of(ActivationLayer.self)?.activation
    guard let last, let reached = last.range else { return nil }
    let (name, loss) = (last.rawValue, configuration.loss)
    let remedy = "; leave the last \(name) out: the loss is made for outputs of any size"
    switch loss {
    case .softmaxCrossEntropy where reached.upperBound < .infinity:
      let least = log1p(Double(outputs - 1) * exp(reached.lowerBound - reached.upperBound))
      return
        "outputs of \(name) are \(reached.words), so loss \(loss.rawValue) cannot fall below \(short(least))\(remedy)"
    case .sigmoidCrossEntropy where reached.lowerBound >= 0:
      return "outputs of \(name) are not negative, so with loss \(loss.rawValue) no probability is below 1/2\(remedy)"
    case .squaredError:
      guard let wanted = targetRange, wanted.lowerBound < reached.lowerBound || wanted.upperBound > reached.upperBound
      else { return nil }
      return "targets are \(wanted.words), but outputs of the last \(name) are \(reached.words)"
    default:
      return nil
    }
  }

  /// The least and the greatest target of a training sample; nil where finding them would need a pass over the inputs.
  private var targetRange: ClosedRange<Double>? {
    switch (target, map.scaling) {
    case (.label, _): 0...1
    case (.value, _): split.training.targetRange
    case (.input, .symmetric): -1...1
    case (.input, .unit): 0...1
    case (.input, _): nil
    }
  }

  private func dropout(_ network: [LayerConfiguration]) -> String? {
    guard let plan = try? SignalPlan(network, inputShape: shape) else { return nil }
    for (layer, input) in plan.layers {
      guard let keep = layer.of(DropoutLayer.self)?.keep, pow(1 - keep, Double(input.count)) > 0.5 else { continue }
      return "{dropout: {keep: \(keep)}} over \(input.count) units keeps none of them in most passes; make keep larger"
    }
    return nil
  }

  private func warmup(_ configuration: Configuration) -> String? {
    let (warmup, steps) = (
      configuration.schedule.warmup, TrainingPlan(samples: split.training.count, configuration.training).steps
    )
    guard warmup > steps else { return nil }
    return "schedule.warmup is \(warmup) steps, but training has \(steps): no step has the whole learning rate"
  }
}

extension ClosedRange<Double> {
  fileprivate var words: String {
    "from \(short(lowerBound)) " + (upperBound == .infinity ? "up" : "to \(short(upperBound))")
  }
}

private func short(_ value: Double) -> String { String(format: "%.4g", value) }
