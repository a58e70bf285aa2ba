import Hypergradients
import Kernels
import Networks
import Testing

struct PassCountTests {
  /// What the table of `Strategy` says, with B blocks of the student and C of the teacher.
  private func expected(_ strategy: Strategy, levels: Int, _ b: Int, _ c: Int) -> PassCount {
    switch (levels, strategy) {
    case (2, .exact): PassCount(forward: 2, backward: 1, forwardMode: 1)
    case (2, _): PassCount(forward: 1 + 2 * c, backward: 1)
    case (_, .exact): PassCount(forward: 4, backward: 2, forwardMode: 2)
    case (_, .fused): PassCount(forward: 2 + 2 * b + 2 * c, backward: 2)
    case (_, .nested): PassCount(forward: 2 + 2 * b + 4 * b * c, backward: 1 + 2 * b)
    }
  }

  @Test(arguments: [2, 3], Strategy.allCases)
  func `each strategy does the passes that its documentation tells`(levels: Int, strategy: Strategy) throws {
    for (groups, b, c) in [(ParameterGroups.joint, 1, 1), (.layers, 3, 2)] {
      let problem = try ChainProblem(
        seed: 31, levels: levels,
        studentLayers: [
          .dense(inputs: nil, outputs: 4), .activation(.tanh), .dense(inputs: nil, outputs: 4), .activation(.tanh),
          .dense(inputs: nil, outputs: 3),
        ])
      let hypergradient = try Hypergradient<Double>(
        problem.chain, strategy: strategy, teacherGroups: groups, studentGroups: groups)
      // Twice: a count is that of the last one.
      for _ in 0..<2 {
        _ = try problem.compute(with: hypergradient, over: SingleRank())
        #expect(hypergradient.passes == expected(strategy, levels: levels, b, c), "\(groups.text)")
      }
    }
  }

  @Test(arguments: [2, 3]) func `exact need not repeat the forward pass of the teacher's step`(levels: Int) throws {
    let problem = try ChainProblem(seed: 32, levels: levels)
    let hypergradient = try Hypergradient<Double>(problem.chain, strategy: .exact)
    let (values, _) = try problem.compute(with: hypergradient, over: SingleRank())
    let forward = hypergradient.passes.forward
    let following = try problem.compute(with: hypergradient, followsTeacherStep: true, over: SingleRank())
    #expect(following.values == values)
    #expect(hypergradient.passes.forward == forward - 1)
  }
}
