public import Kernels

/// T[c, k], an estimate of the probability that an example of the true class c is labelled k.
///
/// `T[c, k] = (1/C + Σ_{i: label k} p(c|x_i)) / (1 + Σ_i p(c|x_i))` over the training set of C classes, p(c|x) the calibrated
/// probabilities of a network: soft counts of true classes against labels. One more example of each class with a label of
/// any class keeps every entry positive, also of a class that nowhere appears.
public struct LabelTransitions: Codable, Equatable, Sendable {
  /// A row for each true class; each adds to 1.
  public let rows: [[Double]]

  /// - Parameter rows: as they were.
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

/// The soft counts of true classes against labels, which ranks add up.
public struct LabelCounts: ~Copyable {
  private let classes: Int
  /// [classes × labels].
  private let counts: Arena<Double>

  public init(classes: Int) {
    self.classes = classes
    counts = Arena(count: classes * classes)
  }

  /// Counts one example. Probabilities are rounded to multiples of 2⁻³⁰: their sums are then exact for up to 2²³ examples
  /// of a label, so that neither the order nor the ranks among which they are shared out change a bit.
  public func add(_ probabilities: [Double], label: Int) {
    for (c, p) in probabilities.enumerated() { counts.all[c * classes + label] += (p * 0x1p30).rounded() * 0x1p-30 }
  }

  /// T of the examples that all ranks counted. Collective.
  public consuming func transitions(over ranks: borrowing some GlobalSum & ~Copyable) throws -> LabelTransitions {
    try ranks.sum(counts.all)
    let sums = counts.all.array
    return LabelTransitions(counts: (0..<classes).map { Array(sums[$0 * classes..<($0 + 1) * classes]) })
  }
}
