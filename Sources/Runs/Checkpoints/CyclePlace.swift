private import Datasets
internal import Kernels
internal import Reweighting
internal import RunRecords
internal import Training

/// Where a run with learned weights is among its cycles, and what the present one started from; of any other run nothing.
struct CyclePlace {
  /// The present cycle, counted from 1, and the steps of those before it.
  private(set) var cycle = 1
  private(set) var steps = 0
  /// What the cycle before found; nil in the first one.
  private(set) var start: WeightStart?
  /// What the cycles before gave, and the seconds that they took: for records, no state.
  var results: [ReweightResult.Cycle] = []
  var seconds = 0.0

  /// The number of samples that have weights, and of their classes; nil where none have.
  private let weights: (samples: Int, classes: Int)?

  init(_ problem: LearningProblem?) {
    weights = problem.map { ($0.split.training.count, $0.split.training.classes) }
  }

  mutating func begin(_ cycle: Int, from start: WeightStart, afterSteps steps: Int) {
    (self.cycle, self.start, self.steps) = (cycle, start, steps)
  }

  /// - Throws: ``StateMismatch`` where it is no place in a run of so many cycles.
  func check(cycles: Int) throws(StateMismatch) {
    guard (1...cycles).contains(cycle), steps >= 0 else {
      throw StateMismatch("it is in cycle \(cycle) of \(cycles), after \(steps) steps")
    }
  }
}

extension CyclePlace: Resumable {
  mutating func exchange(with state: any StateExchange) throws {
    guard let weights else { return }
    try state.part("cycle") { state throws in
      try state.number("number", &cycle)
      try state.number("stepsBefore", &steps)
      guard cycle > 1 else { return }
      let (samples, classes) = weights
      var beta = start?.inverseTemperature ?? 0
      var rows = start?.transitions.rows.flatMap(\.self) ?? Array(repeating: 0, count: classes * classes)
      var belief = start?.belief ?? Array(repeating: 0, count: samples)
      try state.number("inverseTemperature", &beta)
      try state.numbers("transitions", &rows)
      try state.numbers("belief", &belief)
      guard state.isTaking else { return }
      let transitions = (0..<classes).map { Array(rows[$0 * classes..<($0 + 1) * classes]) }
      start = WeightStart(
        cycle: cycle, inverseTemperature: beta, transitions: LabelTransitions(rows: transitions), belief: belief)
    }
  }
}
