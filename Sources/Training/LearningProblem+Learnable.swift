public import Configurations
internal import Datasets
internal import Kernels
private import Networks

extension LearningProblem {
  /// Refuses data that no training can learn anything from, and says what may keep one from learning.
  ///
  /// - Returns: doubts, one sentence each, for the user: training can go on.
  /// - Throws: ``ConfigurationError`` where all training samples have one class, or give the network one input.
  /// - Complexity: one pass over the targets. Inputs are read up to the first that differs.
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

  /// Whether all training samples are the same in the numbers that a network gets.
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
