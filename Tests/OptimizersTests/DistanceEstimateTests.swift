import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// Lengths that are found, layer scales and powers of Ẅ against plain loops over all that has happened.
@Suite struct DistanceEstimateTests {
  private static let terms = [
    Regularization(), Regularization(l2: 0.25, l1: 0.125), Regularization(l2: 0.25, l1: 0.125, includingBiases: false),
  ]

  @Test(arguments: DistanceProblem.all, [1, 3])
  func `every option is its formula`(problem: DistanceProblem, curvatureEvery: Int) throws {
    var problem = problem
    problem.curvatureEvery = curvatureEvery
    for regularization in Self.terms {
      problem.regularization = regularization
      problem.startsAtZero = false
      let exact = try problem.error(of: problem.found(in: .float64), problem.expected().trajectory)
      #expect(exact <= problem.tolerance(in: .float64))
      problem.startsAtZero = true
      for precision in Precision.allCases {
        let error = try problem.error(of: problem.found(in: precision), problem.expected().trajectory)
        #expect(error <= problem.tolerance(in: precision), "\(precision)")
      }
    }
  }

  @Test(arguments: DistanceProblem.all)
  func `no other option passes for an option`(problem: DistanceProblem) throws {
    let found = try problem.found(in: .float64)
    let tolerance = 1000 * problem.tolerance(in: .float64)
    for other in DistanceProblem.all where other.name == problem.name && other.rule != problem.rule {
      #expect(try problem.error(of: found, other.expected().trajectory) > tolerance, "\(other)")
    }
    var regularized = problem
    for regularization in Self.terms.dropFirst() {
      regularized.regularization = regularization
      #expect(try problem.error(of: found, regularized.expected().trajectory) > tolerance)
    }
  }

  @Test(arguments: DistanceProblem.all.filter(\.rule.findsLength))
  func `without the limit, without the root and with another β it is another trajectory`(problem: DistanceProblem)
    throws
  {
    let found = try problem.found(in: .float64)
    let tolerance = 1000 * problem.tolerance(in: .float64)
    func error(_ change: (inout ReferenceDistance) -> Void) throws -> Double {
      var (reference, distance) = (problem.reference, ReferenceDistance())
      change(&distance)
      reference.distance = distance
      return try problem.error(of: found, problem.expected(reference).trajectory)
    }
    #expect(try error { _ in } <= problem.tolerance(in: .float64))
    // A single block is all blocks.
    #expect(try (error { $0.isLimited = false } > tolerance) == (problem.name != "no biases"))
    #expect(try error { $0.shrinks = false } > tolerance)
    #expect(try error { $0.decay = 0.99 } > tolerance)
    var reference = problem.reference
    reference.scaleDecay = 0.9
    let other = try problem.error(of: found, problem.expected(reference).trajectory)
    #expect((other > tolerance) == (problem.rule.layerScale == .adaptive))
  }

  @Test func `the statistics of these tests let distances grow, some blocks' beyond that of all`() throws {
    for problem in DistanceProblem.all where problem.rule.findsLength {
      let distance = try #require(problem.expected().end.distance)
      #expect(distance.distance > 2e-6)
      if problem.name != "no biases" {
        #expect(distance.distances.contains { $0 > distance.distance })
        #expect(distance.distances.contains { $0 < 0.9 * distance.distance })
      }
    }
  }
}
