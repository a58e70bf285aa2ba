import Hypergradients
import Kernels
import Networks
import TestSupport
import Testing

/// A sum over one rank that fails at one of its calls.
private final class FailingSum: GlobalSum {
  struct Failure: Error {}

  private let failsAt: Int
  private(set) var calls = 0

  init(at call: Int) { failsAt = call }

  var rank: Int { 0 }
  var ranks: Int { 1 }
  func sum(_ values: Vector<Float>) throws { try count() }
  func sum(_ values: Vector<Double>) throws { try count() }

  private func count() throws {
    calls += 1
    if calls == failsAt { throw Failure() }
  }
}

struct RestorationTests {
  /// The bytes of the parameters that a hypergradient is taken at.
  private func bits(_ vectors: [Vector<Double>]) -> [UInt64] { vectors.flatMap { $0.array.map(\.bitPattern) } }

  @Test(arguments: Strategy.allCases) func `parameters keep their bits, also when a sum fails`(strategy: Strategy)
    throws
  {
    for levels in [2, 3] {
      let problem = try ChainProblem(seed: 41, levels: levels)
      let samples = problem.samples(as: Double.self)
      let hypergradient = try Hypergradient<Double>(
        problem.chain, strategy: strategy, teacherGroups: .layers, studentGroups: .layers)
      let (w, v): (Vector<Double>, Vector<Double>) = (vector(problem.teacher), vector(problem.student))
      let (nextW, nextV) = (Arena<Double>(count: w.count).all, Arena<Double>(count: v.count).all)
      nextW.copy(from: w)
      nextV.copy(from: v)
      let before = bits([w, v, nextW, nextV])
      let teacher = StepTaken(before: w, after: nextW, derivative: .rate(0.1))
      let student = levels == 3 ? StepTaken(before: v, after: nextV, derivative: .rate(0.1)) : nil
      let whole = FailingSum(at: 0)
      let result = try hypergradient.compute(teacher: teacher, student: student, samples: samples, over: whole)
      let expected = result.hypergradient.array
      #expect(bits([w, v, nextW, nextV]) == before)
      #expect(whole.calls == levels)
      for call in 1...whole.calls {
        #expect(throws: FailingSum.Failure.self) {
          try hypergradient.compute(
            teacher: teacher, student: student, samples: samples, over: FailingSum(at: call))
        }
        #expect(bits([w, v, nextW, nextV]) == before)
        // The workspaces, too, are as they were: the next hypergradient has the bits of the first.
        let again = try hypergradient.compute(teacher: teacher, student: student, samples: samples, over: SingleRank())
        #expect(again.hypergradient.array == expected)
      }
    }
  }

  @Test(arguments: [2, 3], Strategy.allCases)
  func `a direction of zero contributes zero`(levels: Int, strategy: Strategy) throws {
    var problem = try ChainProblem(seed: 42, levels: levels, loss: .squaredError)
    problem.weights = problem.weights.map { _ in 0 }
    // The validation targets are what the judged network gives out: L and its gradient are 0.
    problem.pairWeight = 0
    (problem.teacherRate, problem.studentRate) = (0.3, 0)
    let judged = problem.chain.validated
    let network = try Network<Double>(judged.layers, inputs: judged.inputs)
    network.reserve(samples: problem.validation.inputs.count)
    problem.validation.targets =
      network.forward(
        matrix(problem.validation.inputs), parameters: vector(levels == 3 ? problem.student : problem.teacher)
      ).array
    let (values, loss) = try problem.compute(strategy, groups: .layers, as: Double.self)
    #expect(loss == 0)
    #expect(values == Array(repeating: 0, count: 7))
  }
}
