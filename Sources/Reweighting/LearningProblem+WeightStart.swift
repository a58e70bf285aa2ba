internal import Configurations
internal import Datasets
public import Kernels
public import Networks
public import Training

extension LearningProblem {
  /// What a trained network believes of the labels of the training samples. Collective.
  ///
  /// 1. β by the true labels of the validation set; 2. T by the training set; 3. a⁰_i of each of its samples.
  ///
  /// - Parameter cycle: the one that starts with it.
  /// - Returns: the same bits on every rank. For equal parameters they are also the same for every number of ranks: outputs
  ///   are computed in equal passes, the validation set's are brought together before they are added up, and the sums for T
  ///   are exact.
  /// - Precondition: outputs for classes, and a validation set.
  /// - Complexity: one forward pass over the validation set and two over the training set.
  public func weightStart<Scalar: Real>(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, cycle: Int,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> WeightStart {
    guard let validation = split.validation else {
      preconditionFailure("what labels are worth is judged by a validation set")
    }
    let (training, classes) = (split.training, network.outputs)
    precondition(target == .label && classes == training.classes, "only labels can be believed")

    // A rank writes what belongs to its own samples; to the rest it adds zeros.
    let outputs = Arena<Double>(count: validation.count * classes)
    forEachOutput(network, parameters, on: validation, over: ranks) { position, row in
      outputs.all[position * classes..<(position + 1) * classes].copy(from: row)
    }
    try ranks.sum(outputs.all)
    let calibrated = CalibratedOutputs(
      outputs: outputs.all.array, labels: (0..<validation.count).map { validation.label(at: $0) })

    var p = [Double](repeating: 0, count: classes)
    let counts = LabelCounts(classes: classes)
    forEachOutput(network, parameters, on: training, over: ranks) { position, row in
      calibrated.probabilities(row, into: &p)
      counts.add(p, label: training.label(at: position))
    }
    let transitions = try counts.transitions(over: ranks)

    let belief = Arena<Double>(count: training.count)
    forEachOutput(network, parameters, on: training, over: ranks) { position, row in
      calibrated.probabilities(row, into: &p)
      belief.all[position] = transitions.belief(p, label: training.label(at: position))
    }
    try ranks.sum(belief.all)
    return WeightStart(
      cycle: cycle, inverseTemperature: calibrated.inverseTemperature, transitions: transitions,
      belief: belief.all.array)
  }
}
