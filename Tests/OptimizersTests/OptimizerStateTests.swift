import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// m, v and their counts are all that an optimizer remembers.
@Suite struct OptimizerStateTests {
  @Test(arguments: RuleProblem.all)
  func `a copy of the state goes on with the same bits`(problem: RuleProblem) throws {
    let count = 21
    let layout = try oneOutput(count, as: Float.self)
    var random = SmallRandom(seed: 71)
    func update(_ w: Vector<Float>, _ state: OptimizerState<Float>, _ sums: ([Double], [Double]?)) {
      problem.rule.update(
        w,
        sums: StatisticsSlice(wDot: vector(sums.0, as: Float.self), wDDot: sums.1.map { vector($0, as: Float.self) }),
        samples: 2, state: state, rate: 0.1, regularization: Regularization(l2: 0.01), layout: layout)
    }
    func newState() -> OptimizerState<Float> { OptimizerState(for: problem.rule, layout, keepsCurvature: true) }

    let (w, state) = (vector(random.step(count: count, scale: 1), as: Float.self), newState())
    let sums = (0..<6).map { step in
      (
        random.step(count: count, scale: 1),
        step % 2 == 0 ? random.step(count: count, scale: 1).map { $0.magnitude } : nil
      )
    }
    for step in 0..<3 { update(w, state, sums[step]) }

    let (copy, restored) = (Arena<Float>(count: count).all, newState())
    copy.copy(from: w)
    for (to, from) in [(restored.first, state.first), (restored.second, state.second)] {
      if let to, let from { to.all.copy(from: from.all) }
    }
    (restored.firstUpdates, restored.secondUpdates) = (state.firstUpdates, state.secondUpdates)
    for step in 3..<6 {
      update(w, state, sums[step])
      update(copy, restored, sums[step])
    }
    #expect(copy.array == w.array && w.array.allSatisfy(\.isFinite))
    #expect(state.firstUpdates == 6 && state.secondUpdates == (problem.rule.needsCurvature ? 3 : 6))
  }

  @Test(arguments: RuleProblem.all)
  func `running averages of batch normalisation stay where they are`(problem: RuleProblem) throws {
    let layout = try Network<Float>([.dense(inputs: nil, outputs: 3), .batchNorm], inputs: 2).layout
    let untrained = layout.blocks.filter { !$0.isTrained }
    #expect(untrained.count == 2 && layout.blocks.count == 6)
    let ones = Array(repeating: 1.0, count: layout.count)
    let w = vector(ones, as: Float.self)
    problem.rule.update(
      w, sums: StatisticsSlice(wDot: vector(ones, as: Float.self), wDDot: vector(ones, as: Float.self)), samples: 1,
      state: OptimizerState(for: problem.rule, layout), rate: 0.5,
      regularization: Regularization(l2: 0.5, l1: 0.5), layout: layout)
    for block in layout.blocks {
      #expect(w[block.range].array.allSatisfy { ($0 == 1) == !block.isTrained }, "\(block.name)")
    }
  }
}
