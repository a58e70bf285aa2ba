import Kernels
import Optimizers
import TestSupport
import Testing

/// Every rule against plain loops over arrays.
@Suite struct RuleTests {
  // Fewer than a vector, a vector, some vectors and a rest.
  @Test(arguments: RuleProblem.all, [2, 9, 64, 1003])
  func `every rule is its formula, however many parameters there are`(problem: RuleProblem, count: Int) throws {
    for precision in Precision.allCases {
      let (found, expected) = try problem.trajectories(
        count: count, regularization: Regularization(l2: 0.25, l1: 0.125), in: precision)
      // Six steps of some ten roundings each; where the averages nearly cancel they weigh more, but no step is longer
      // than a few units.
      #expect(isClose(found, expected, in: precision, ulps: 256))
    }
  }

  @Test(arguments: RuleProblem.all)
  func `l1, l2 and their restriction to weights change every rule as they change the formula`(
    problem: RuleProblem
  ) throws {
    let terms = [
      Regularization(), Regularization(l2: 0.25), Regularization(l1: 0.125),
      Regularization(l2: 0.25, includingBiases: false), Regularization(l1: 0.125, includingBiases: false),
    ]
    let trajectories = try terms.map { try problem.trajectories(count: 9, regularization: $0, in: .float64) }
    for (k, (found, expected)) in trajectories.enumerated() {
      #expect(isClose(found, expected, in: .float64, ulps: 256))
      // With any of the other terms it would be another trajectory.
      for (other, wrong) in trajectories.enumerated() where other != k {
        #expect(!isClose(found, wrong.expected, in: .float64, ulps: 256), "\(terms[k]) and \(terms[other])")
      }
    }
    // A bias that is left out goes as if there were no regularisation: unless its length is given, by the same steps.
    for (all, weightsOnly) in [(1, 3), (2, 4)] {
      let bias = trajectories.map { $0.found.map { $0[8] } }
      #expect(bias[weightsOnly] == bias[0])
      #expect(trajectories[weightsOnly].found.map { $0[0] } != trajectories[0].found.map { $0[0] })
      #expect(trajectories[weightsOnly].found.map { $0[..<8] } == trajectories[all].found.map { $0[..<8] })
    }
  }

  @Test(arguments: RuleProblem.all)
  func `no other rule passes for a rule`(problem: RuleProblem) throws {
    let regularization = Regularization(l2: 0.25)
    let found = try problem.trajectories(count: 9, regularization: regularization, in: .float64).found
    for other in RuleProblem.all where other.reference != problem.reference {
      let wrong = try other.trajectories(count: 9, regularization: regularization, in: .float64).expected
      #expect(!isClose(found, wrong, in: .float64, ulps: 256))
    }
  }
}
