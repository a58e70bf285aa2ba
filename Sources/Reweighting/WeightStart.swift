internal import Configurations
internal import Datasets
public import Kernels
public import Networks
public import Training

/// The start of a cycle of `rp-dist reweight`, computed by the network of the previous cycle: all data that one cycle
/// hands on to the next.
public struct WeightStart: Codable, Equatable, Sendable {
  /// The cycle that starts with these data, counted from 1.
  public let cycle: Int
  /// β, the calibration of that network's outputs.
  public let inverseTemperature: Double
  /// An estimate of how likely each label is for each true class.
  public let transitions: LabelTransitions
  /// a⁰ of each training sample, by position: the posterior probability that its label is true. Its weight starts at a⁰
  /// and is pulled towards it.
  public let belief: [Double]

  public init(cycle: Int, inverseTemperature: Double, transitions: LabelTransitions, belief: [Double]) {
    (self.cycle, self.inverseTemperature) = (cycle, inverseTemperature)
    (self.transitions, self.belief) = (transitions, belief)
  }

  /// The share of training samples whose label is expected to be wrong.
  public var wrongShare: Double { 1 - belief.reduce(0, +) / Double(belief.count) }

  /// Whether the network's outputs gave finite numbers.
  package var isFinite: Bool { inverseTemperature.isFinite && belief.allSatisfy(\.isFinite) }
}

extension LearningProblem {
  /// Estimates with a trained network how likely the labels of the training samples are true. Collective.
  ///
  /// The three stages are: 1. β from the true labels of the validation set; 2. T from the training set; 3. a⁰_i for
  /// each training sample.
  ///
  /// - Parameter cycle: the cycle that starts with the result.
  /// - Returns: the same bits on every rank. For equal parameters the bits are also the same for every number of ranks:
  ///   outputs are computed in equal passes, the validation set's outputs are collected before they are summed, and the
  ///   sums for T are exact.
  /// - Precondition: the outputs are for classes, and there is a validation set.
  /// - Complexity: one forward pass over the validation set and two over the training set.
  public func weightStart<Scalar: Real>(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, cycle: Int,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> WeightStart {
    guard let validation = split.validation else {
      preconditionFailure("what labels are worth is found on a validation set")
    }
    let (training, classes) = (split.training, network.outputs)
    precondition(target == .label && classes == training.classes, "only labels can be believed")

    // A rank writes the outputs of its own samples and leaves the others 0 for the sum.
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

/// T[c, k], an estimate of the probability that an example of the true class c has the label k.
///
/// `T[c, k] = (1/C + Σ_{i: label k} p(c|x_i)) / (1 + Σ_i p(c|x_i))` over the training set of C classes, where p(c|x)
/// are the calibrated probabilities of a network: soft counts of true classes and labels. Each class gets one more
/// example, whose label may be any class. Every entry is therefore positive, even for a class that does not appear.
public struct LabelTransitions: Codable, Equatable, Sendable {
  /// A row for each true class; each row sums to 1.
  public let rows: [[Double]]

  /// - Parameter rows: the rows of an earlier estimate.
  package init(rows: [[Double]]) { self.rows = rows }

  /// - Parameter counts: Σ_{i: label k} p(c|x_i), [classes × labels].
  init(counts: [[Double]]) {
    rows = counts.map { row in
      let total = 1 + row.reduce(0, +)
      return row.map { (1 / Double(row.count) + $0) / total }
    }
  }

  /// The posterior probability that an example's label is its true class: `p(k|x) T[k, k] / Σ_c p(c|x) T[c, k]`.
  ///
  /// - Parameters:
  ///   - probabilities: p(c|x).
  ///   - label: k.
  public func belief(_ probabilities: [Double], label: Int) -> Double {
    precondition(probabilities.count == rows.count, "every class must have its probability")
    var all = 0.0
    for (p, row) in zip(probabilities, rows) { all += p * row[label] }
    return probabilities[label] * rows[label][label] / all
  }
}

/// The soft counts of true classes and labels, which are summed over the ranks.
public struct LabelCounts: ~Copyable {
  private let classes: Int
  /// [classes × labels].
  private let counts: Arena<Double>

  public init(classes: Int) {
    self.classes = classes
    counts = Arena(count: classes * classes)
  }

  /// Counts one example. Probabilities are rounded to multiples of 2⁻³⁰. The sums are then exact for up to 2²³ examples
  /// of a label, so the bits depend neither on the order nor on how examples are divided among ranks.
  public func add(_ probabilities: [Double], label: Int) {
    for (c, p) in probabilities.enumerated() { counts.all[c * classes + label] += (p * 0x1p30).rounded() * 0x1p-30 }
  }

  /// T for the examples that all ranks counted. Collective.
  public consuming func transitions(over ranks: borrowing some GlobalSum & ~Copyable) throws -> LabelTransitions {
    try ranks.sum(counts.all)
    let sums = counts.all.array
    return LabelTransitions(counts: (0..<classes).map { Array(sums[$0 * classes..<($0 + 1) * classes]) })
  }
}
