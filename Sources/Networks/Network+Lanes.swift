public import Kernels

/// Where Ẇ, Ẅ and the loss lie in a vector of sums over samples.
public struct StatisticsPlace: Sendable {
  public var wDot: Range<Int>
  /// nil where only the gradient is wanted.
  public var wDDot: Range<Int>?
  /// nil where the loss is not wanted.
  public var loss: Int?

  public init(wDot: Range<Int>, wDDot: Range<Int>? = nil, loss: Int? = nil) {
    (self.wDot, self.wDDot, self.loss) = (wDot, wDDot, loss)
  }

  func statistics<Scalar: Real>(_ sums: Vector<Scalar>) -> StatisticsSlice<Scalar> {
    StatisticsSlice(wDot: sums[wDot], wDDot: wDDot.map { sums[$0] })
  }
}

/// Sums over the samples of lanes: the sums of a lane are formed from its own samples, as if the lane were a minibatch
/// by itself. Everything else in a pass is computed for all rows at once, since the bits of a row do not depend on
/// which other rows are computed with it.
extension Network {
  /// (M6–M10, M13) The losses of the minibatch of the last forward pass, and the sums Ẇ and Ẅ over its samples, lane by lane
  /// where the ranks have lanes; see
  /// ``addStatistics(inputs:targets:parameters:loss:partition:bound:weights:into:accumulating:leavingSeparable:over:)``.
  ///
  /// - Parameters:
  ///   - sums: overwritten at `place`; `SampleSums.addUp(_:over:)` then adds them up over all samples.
  ///   - samples: the size of the global minibatch, of which `inputs` are this rank's rows.
  /// - Returns: the sum of the losses of this rank's rows, each times its weight; ``laneLosses`` holds the losses of
  ///   its lanes.
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, weights: Vector<Scalar>? = nil, into sums: SampleSums<Scalar>, at place: StatisticsPlace,
    samples: Int, leavingSeparable: Bool = false, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    precondition(!leavingSeparable || ranks.lanes == nil, "sums by lanes are formed where their signals are")
    guard let tree = ranks.lanes else {
      let total = try addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: partition, bound: bound,
        weights: weights, into: place.statistics(sums.values), leavingSeparable: leavingSeparable, over: ranks)
      if let loss = place.loss { sums.values[loss] = Scalar(total) }
      return total
    }
    sums.reserve(tree, width: laneWidth)
    laneLosses.removeAll(keepingCapacity: true)
    for lane in tree.own {
      laneLosses.append(
        evaluateRows(loss, targets: targets, weights: weights, rows: tree.rows(of: lane..<lane + 1, samples: samples)))
    }
    if let loss = place.loss {
      for (number, subtree) in tree.subtrees.enumerated() {
        sums.subtree(number)[loss] = tree.sum(subtree) { Scalar(laneLosses[$0 - tree.own.lowerBound]) }
      }
    }
    if place.wDDot != nil { partitionCurvature(of: loss, inputs: inputs, parameters: parameters, partition) }
    try formLaneSums(
      inputs: inputs, parameters: parameters, bound: bound, into: sums, at: place, samples: samples, over: ranks, tree)
    return laneLosses.reduce(0, +)
  }

  /// Forms Ẇ from any given Ẏ at the output, lane by lane where the ranks have lanes; see
  /// ``pullBack(inputs:parameters:into:accumulating:_:)``.
  ///
  /// - Parameters:
  ///   - place: the place of Ẇ in the sums; overwritten.
  ///   - fill: writes Ẏ, [rows × outputs].
  public func pullBack(
    inputs: Matrix<Scalar>, parameters: Vector<Scalar>, into sums: SampleSums<Scalar>, at place: Range<Int>,
    samples: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ fill: (Matrix<Scalar>) -> Void
  ) throws {
    guard let tree = ranks.lanes else {
      return pullBack(inputs: inputs, parameters: parameters, into: sums.values[place], fill)
    }
    sums.reserve(tree, width: laneWidth)
    fill(own(yDots[top], inputs.rows))
    try formLaneSums(
      inputs: inputs, parameters: parameters, bound: .paper, into: sums, at: StatisticsPlace(wDot: place),
      samples: samples, over: ranks, tree)
  }

  private func formLaneSums(
    inputs: Matrix<Scalar>, parameters: Vector<Scalar>, bound: Bound, into sums: SampleSums<Scalar>,
    at place: StatisticsPlace, samples: Int, over ranks: borrowing some GlobalSum & ~Copyable, _ tree: LaneTree
  ) throws {
    try passBack(
      inputs: inputs, parameters: parameters, bound: bound, wantsCurvature: place.wDDot != nil, over: ranks
    ) { step, site, statistics in
      let slice = layout.slices[step]
      let adding = statistics.separable.flatMap { affine in
        affine.addsLanes(totalGradientBelow: site.input.u, bound: bound) ? affine : nil
      }
      let formsCurvature = place.wDDot != nil && statistics.formsCurvature(pass.partition)
      for (number, subtree) in tree.subtrees.enumerated() {
        func target(_ level: Int) -> StatisticsSlice<Scalar> {
          let (wDot, wDDot): (Vector<Scalar>, Vector<Scalar>?)
          if level == 0 {
            let all = place.statistics(sums.subtree(number))[slice]
            (wDot, wDDot) = (all.wDot, all.wDDot)
          } else {
            let room = sums.level(level, count: 2 * slice.count, of: tree)
            (wDot, wDDot) = (room[0..<slice.count], room[slice.count..<2 * slice.count])
          }
          return StatisticsSlice(wDot: wDot, wDDot: formsCurvature ? wDDot : nil)
        }
        tree.fold(subtree) { lanes, level in
          if lanes.count > 1, let adding {
            adding.form(
              ofLanes: lanes, in: tree, samples: samples, input: site.input.y, above: site.above, into: target(level))
          } else {
            statistics.add(
              site, rows: tree.rows(of: lanes, samples: samples), into: target(level), accumulating: false)
          }
        } join: { level in
          let (left, right) = (target(level), target(level + 1))
          left.wDot.add(right.wDot)
          if let sum = left.wDDot, let addend = right.wDDot { sum.add(addend) }
        } isFormed: { lanes in
          adding != nil && tree.rows(of: lanes, samples: samples).count <= LaneTerms.most
        }
      }
    }
  }

  /// The largest number of sums over a lane that a layer has.
  private var laneWidth: Int { layout.slices.reduce(0) { max($0, 2 * $1.count) } }
}
