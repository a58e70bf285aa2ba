internal import Kernels
private import Networks
internal import Optimizers
internal import Ranks

extension TrainingStep {
  /// (M34) Tests the step from ``before`` to the present parameters: first probes of the groups alone, then the whole. What is
  /// found too long is shortened at once. All ranks take the numbers of rank 0. Collective.
  ///
  /// - Complexity: at least one forward pass for each group and one for the whole; allocates nothing.
  func testLengths(of groups: Range<Int>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let lengths = state.lengths, let before, let after, let tested, appliedRate > 0 else { return }
    let (regularization, layout, decisive) = (settings.regularization, network.layout, tested.decisive)
    let regularizationBefore = regularization.value(before.all, layout)

    /// p of a step to `after`, and a of the step to the present parameters; the same on all ranks.
    func test(to after: Arena<Scalar>, of blocks: [Int]?) throws -> StepTest {
      let losses = try testedLosses(over: ranks)
      decisive[0] = predictedDecrease(
        from: before.all, to: after.all, sums: statistics, samples: minibatch.samples, regularization: regularization,
        layout: layout, blocks: blocks)
      decisive[1] =
        (losses.before + regularizationBefore) - (losses.after + regularization.value(parameters.all, layout))
      decisive[2] = losses.before
      try decideAlike(3, over: ranks)
      // J is rounded where its samples' losses are.
      return StepTest(
        predicted: decisive[0], actual: decisive[1], schedule: appliedRate,
        resolution: 16 * Double(Scalar.ulpOfOne) * abs(decisive[2]))
    }

    after.all.copy(from: parameters.all)
    parameters.all.copy(from: before.all)
    for group in groups {
      let blocks = lengths.groups[group]
      var verdict = MeasuredLengths<Scalar>.Verdict.probe(MeasuredLengths<Scalar>.probe)
      while case .probe(let probe) = verdict {
        set(blocks, to: probe, from: before, towards: after)
        var result = try test(to: after, of: blocks)
        result.predicted *= probe
        verdict = lengths.takeUp(group: group, result, probe: probe)
      }
      for block in blocks {
        let range = layout.blocks[block].range
        parameters.all[range].copy(from: before.all[range])
      }
      // The step with what the test leaves of it.
      if case .keep(let part) = verdict, part < 1 { set(blocks, to: part, from: before, towards: after, in: after) }
    }
    parameters.all.copy(from: after.all)

    var part = 1.0
    repeat {
      part = lengths.takeUp(try test(to: parameters, of: nil))
      if part < 1 { for blocks in lengths.groups { set(blocks, to: part, from: before, towards: parameters) } }
    } while part < 1
  }

  /// w₀ + part (w₁ − w₀) of some blocks.
  ///
  /// - Parameter result: nil for the parameters.
  private func set(
    _ blocks: [Int], to part: Double, from start: Arena<Scalar>, towards end: Arena<Scalar>,
    in result: Arena<Scalar>? = nil
  ) {
    let (part, result) = (Scalar(part), result ?? parameters)
    for block in blocks {
      let range = network.layout.blocks[block].range
      map(start.all[range], end.all[range], into: result.all[range]) { start, end in start + part * (end - start) }
    }
  }
}
