private import Datasets
internal import Kernels
internal import Reweighting
internal import RunRecords
internal import Training

/// The position of a run with learned weights among its cycles, and the start of the present cycle; empty for any other
/// run.
struct CyclePlace {
  /// The present cycle, counted from 1, and the number of steps of the cycles before it.
  private(set) var cycle = 1
  private(set) var steps = 0
  /// The result of the cycle before, from which this one starts; nil in the first cycle.
  private(set) var start: WeightStart?
  /// The results of the cycles before, and the seconds that these took: for records, not part of the state.
  var results: [ReweightResult.Cycle] = []
  var seconds = 0.0

  /// The number of samples that have weights, and the number of their classes; nil where samples have no weights.
  private let weights: (samples: Int, classes: Int)?

  init(_ problem: LearningProblem?) {
    weights = problem.map { ($0.split.training.count, $0.split.training.classes) }
  }

  mutating func begin(_ cycle: Int, from start: WeightStart, afterSteps steps: Int) {
    (self.cycle, self.start, self.steps) = (cycle, start, steps)
  }

  /// - Throws: ``StateMismatch`` where the position does not occur in a run of so many cycles.
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
