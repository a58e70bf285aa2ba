internal import Kernels

/// Data sets of a few samples that the program carries, for models that can be followed by hand. All samples are both
/// training and test set.
extension DataSplit {
  /// The line t = 2 x at x = 0, 1, …, 4: one input, one target.
  public static func linear() -> DataSplit {
    let inputs = (0..<5).map { Double($0) }
    return small("the built-in line", inputs: inputs.map { [$0] }, targets: inputs.map { [2 * $0] })
  }

  /// The four pairs of bits with three targets: AND, OR and XOR.
  public static func gates() -> DataSplit {
    small(
      "the built-in gates", inputs: [[0, 0], [0, 1], [1, 0], [1, 1]],
      targets: [[0, 0, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0]])
  }

  /// The falling curve t = 1/(1 + e^(8x − 4)) at x = 0, 1/4, …, 1: one input, one target.
  public static func curve() -> DataSplit {
    let inputs = (0..<5).map { Double($0) / 4 }
    return small(
      "the built-in curve", inputs: inputs.map { [$0] }, targets: inputs.map { [1 / (1 + Double.exp(8 * $0 - 4))] })
  }

  private static func small(_ source: String, inputs: [[Double]], targets: [[Double]]) -> DataSplit {
    let dataset = Dataset(
      source: source, shape: [inputs[0].count], values: Array(inputs.joined()), targets: Array(targets.joined()),
      targetColumns: targets[0].count)
    return DataSplit(training: dataset.all, test: dataset.all)
  }
}
