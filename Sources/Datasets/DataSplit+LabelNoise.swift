extension DataSplit {
  /// The same data with noise in the labels of the training samples.
  ///
  /// Validation and test set keep their labels; the true ones of the training samples stay in ``trueTraining``.
  ///
  /// - Precondition: there is no noise yet, and there are two or more classes.
  public func relabelled(by noise: LabelNoise) -> DataSplit {
    precondition(trueTraining == nil, "labels get noise once")
    let dataset = training.dataset
    var labels = (0..<dataset.count).map(dataset.label)
    for position in 0..<training.count {
      let id = training.id(at: position)
      labels[id] = noise.label(of: id, truly: labels[id], classes: dataset.classes)
    }
    let ids = (0..<training.count).map { Int32(training.id(at: $0)) }
    return DataSplit(
      training: dataset.relabelled(labels).subset(ids), test: test, validation: validation, trueTraining: training)
  }

  /// For each training sample, by its position, whether noise changed its label; nil where there is no noise.
  public var isFlipped: [Bool]? {
    trueTraining.map { truth in (0..<training.count).map { training.label(at: $0) != truth.label(at: $0) } }
  }

  /// The same data without the training samples whose labels noise changed, all others in their order; nil where none is
  /// left. Data without noise stay as they are.
  public var withoutFlippedSamples: DataSplit? {
    guard let truth = trueTraining, let isFlipped else { return self }
    let kept = (0..<Int32(truth.count)).filter { !isFlipped[Int($0)] }
    guard !kept.isEmpty else { return nil }
    return DataSplit(training: truth.subset(kept), test: test, validation: validation)
  }
}
