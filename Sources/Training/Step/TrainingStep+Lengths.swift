internal import Kernels
private import Networks
internal import Optimizers
internal import Ranks

extension TrainingStep {
  /// (M34) Tests the step from ``before`` to the present parameters: first probes of the groups alone, then the whole. What is
  /// found too long is shortened at once. All ranks decide on the same numbers. Collective.
  ///
  /// - Complexity: at least one forward pass for each group and one for the whole; allocates nothing.
  func testLengths(of groups: Range<Int>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let lengths = state.lengths, let after, appliedRate > 0 else { return }
    after.all.copy(from: parameters.all)
    try move(lengths.allBlocks, to: 0)
    for group in groups {
      let blocks = lengths.groups[group]
      var verdict = MeasuredLengths<Scalar>.Verdict.probe(MeasuredLengths<Scalar>.probe)
      while case .probe(let probe) = verdict {
        try move(blocks, to: probe)
        var result = try test(of: blocks, over: ranks)
        result.predicted *= probe
        verdict = lengths.takeUp(group: group, result, probe: probe)
      }
      try move(blocks, to: 0)
      // The step with what the test leaves of it.
      if case .keep(let part) = verdict, part < 1 { shorten(blocks, to: part) }
    }
    var part = 1.0
    repeat {
      try move(lengths.allBlocks, to: 1)
      part = lengths.takeUp(try test(of: nil, over: ranks))
      if part < 1 { shorten(lengths.allBlocks, to: part) }
    } while part < 1
  }

  /// p of the step to ``after``, of some blocks or of all, and a of the step to the present parameters; the same on all ranks.
  /// Collective.
  private func test(of blocks: [Int]?, over ranks: borrowing some GlobalSum & ~Copyable) throws -> StepTest {
    guard let before, let after, let tested else { preconditionFailure("a step that is tested keeps its parameters") }
    let (regularization, layout, decisive) = (settings.regularization, network.layout, tested.decisive)
    let losses = try testedLosses(over: ranks)
    let p = predictedDecrease(
      from: before.all, to: after.all, sums: statistics, samples: minibatch.samples, regularization: regularization,
      layout: layout, part: reduction.part, blocks: blocks)
    let a =
      (losses.before + regularization.value(before.all, layout))
      - (losses.after + regularization.value(parameters.all, layout))
    decisive[0] = reduction.isOfFirstCopy(rank: ranks.rank) ? p : 0
    decisive[1] = ranks.rank == 0 ? a : 0
    decisive[2] = ranks.rank == 0 ? losses.before : 0
    try ranks.sum(decisive[0..<3])
    // J is rounded where its samples' losses are.
    return StepTest(
      predicted: decisive[0], actual: decisive[1], schedule: appliedRate,
      resolution: 16 * Double(Scalar.ulpOfOne) * abs(decisive[2]))
  }

  /// w₀ + part (w₁ − w₀) of some blocks, w₁ in ``after``. Collective on a machine whose ranks share the parameters.
  private func move(_ blocks: [Int], to part: Double) throws {
    try reduction.write {
      for block in blocks { set(reduction.part.ranges[block], to: part, in: parameters) }
    }
  }

  /// w₁ ← w₀ + part (w₁ − w₀) of some blocks.
  private func shorten(_ blocks: [Int], to part: Double) {
    guard let after else { return }
    for block in blocks { set(network.layout.blocks[block].range, to: part, in: after) }
  }

  private func set(_ range: Range<Int>, to part: Double, in result: Arena<Scalar>) {
    guard let before, let after else { return }
    interpolate(before.all[range], after.all[range], part, into: result.all[range])
  }
}

/// result ← start + part (end − start).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func interpolate<Scalar: Real>(
  _ start: Vector<Scalar>, _ end: Vector<Scalar>, _ part: Double, into result: Vector<Scalar>
) {
  if part == 1 { return result.copy(from: end) }
  if part == 0 { return result.copy(from: start) }
  let part = Scalar(part)
  map(start, end, into: result) { start, end in start + part * (end - start) }
}
