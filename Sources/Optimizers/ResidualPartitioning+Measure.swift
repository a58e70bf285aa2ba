public import Kernels
internal import Networks

/// The first traversal of a step whose length depends on all parameters. It updates the averages, and sums the
/// quantities on which the length depends, block by block, into the state's ``StepMeasures``.
extension ResidualPartitioning {
  public func measure<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    let state = update.state
    takeExponents(update)
    if let distance = state.distance {
      distance.begin(update.parameters, update.part)
      takeUpDistance(update)
      try ranks.sum(state.measures.all)
      distance.takeUp(state.measures, update.layout)
    }
    if let units = state.units {
      measureUnits(units, update)
    } else if measuresAlone {
      measureSquares(update)
    }
    if state.lengths?.updates == 0 { measureSizes(update) }
    if state.units != nil || measuresAlone { try ranks.sum(state.measures.all) }
    state.lengths?.begin(
      update.layout, state.measures, momentum: momentum, firstUpdates: state.firstUpdates,
      schedule: update.rate)
    if layerScale != .none { takeUpSquares(state, update.layout) }
  }

  /// (M32) Gives v and n of every block the exponent of the step's Ẅ, or one near it.
  private func takeExponents<Scalar: Real>(_ update: ParameterUpdate<Scalar>) {
    guard update.sums.wDDot != nil, !update.sums.exponents.isEmpty else { return }
    for (index, block) in update.layout.blocks.enumerated() where block.isTrained {
      let l2 = Scalar(update.regularization.strengths(block.role).l2)
      var exponent = update.sums.exponents[index]
      let base = base(rate: formulaRate(update.rate), l2: l2)
      // Beside a base, a smaller Ẅ needs no smaller exponent than the base has.
      if exponent < 0, base > 0, base.isFinite { exponent = max(exponent, min(0, Int(base.exponent) & ~1)) }
      update.state.follow(exponent, ofBlock: index, update.part.ranges[index], self)
    }
  }

  /// Whether ‖Δw‖² needs a traversal of its own. With lengths that are found, ‖Δw‖² of an adaptive scale does not
  /// depend on the length, so it is summed in the traversal that also measures for the length.
  private var measuresAlone: Bool { layerScale == .unit || (layerScale == .adaptive && !findsLength) }

  /// Sums the measures from which the lengths are found and, with an adaptive scale, ‖Δw‖² of the unsmoothed step.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func takeUpDistance<Scalar: Real>(_ update: ParameterUpdate<Scalar>) {
    guard let distance = update.state.distance else { preconditionFailure("the state must be made for its optimizer") }
    forEachBlock(update) { index, measures, ranges in
      let range = update.part.ranges[index]
      let whole = update.block(index, range)
      if let fused = FusedPartitioning(self, whole, base: base(of: whole, rate: formulaRate(update.rate))) {
        let share = distance.accumulate(fused, range, ofBlock: index)
        (measures.products[index], measures.magnitudes[index]) = (share.product, share.magnitude)
        measures.squares[index] = share.squares
        return
      }
      var (product, magnitude, squares) = (0.0, 0.0, 0.0)
      for range in ranges {
        let block = update.block(index, range)
        let share = distance.accumulate(block, range, ofBlock: index)
        product += share.product
        magnitude += share.magnitude
        if layerScale == .adaptive { squares += pass(.measureUnsmoothed, over: block, rate: formulaRate(update.rate)) }
      }
      (measures.products[index], measures.magnitudes[index], measures.squares[index]) = (product, magnitude, squares)
    }
  }

  /// Sums ‖Δw‖² alone.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func measureSquares<Scalar: Real>(_ update: ParameterUpdate<Scalar>) {
    let kind: Pass<Scalar> = layerScale == .unit ? .measure : .measureUnsmoothed
    update.state.measures.all.fill(0)
    let measuresLength = update.state.lengths != nil
    forEachBlock(update) { index, measures, ranges in
      guard update.state.units?.contains(block: index) != true else { return }
      var squares = 0.0
      for range in ranges {
        let block = update.block(index, range)
        squares += pass(kind, over: block, rate: formulaRate(block.rate))
        if measuresLength {
          let found = block.gradientSquares()
          measures.products[index] += found.gradient
          measures.magnitudes[index] += found.average
        }
      }
      measures.squares[index] = squares
    }
  }

  /// (M31) Computes the directions of the layers whose curvature is by unit, and sums ‖D‖² of each layer and ‖Δw‖² of each
  /// other block.
  private func measureUnits<Scalar: Real>(_ units: UnitCurvature<Scalar>, _ update: ParameterUpdate<Scalar>) {
    if layerScale == .none { update.state.measures.all.fill(0) } else { measureSquares(update) }
    units.takeUpGradients(self, update) { layer, square in
      for block in units.layers[layer].blocks { update.state.measures.squares[block] = square }
    }
  }

  /// Sums ‖w‖².
  private func measureSizes<Scalar: Real>(_ update: ParameterUpdate<Scalar>) {
    for (index, block) in update.layout.blocks.enumerated() where block.isTrained {
      let w = update.block(index).w
      update.state.measures.sizes[index] = w.squareSum
    }
  }

  /// Computes the mean squares of this step, from the sums over all parts of every block.
  private func takeUpSquares<Scalar: Real>(_ state: OptimizerState<Scalar>, _ layout: ParameterLayout) {
    for (index, block) in layout.blocks.enumerated() where block.isTrained {
      let count = state.units?.count(withBlock: index) ?? block.range.count
      let mean = state.measures.squares[index] / Double(max(1, count))
      switch layerScale {
      case .none: break
      case .unit: state.blockSquares[index] = mean
      case .adaptive:
        state.blockSquares[index] = LayerScale.decay * state.blockSquares[index] + (1 - LayerScale.decay) * mean
      }
    }
  }

  /// Calls `body` with each trained block's part, in pieces that stay in the second-level cache between two loops.
  @inline(__always)
  private func forEachBlock<Scalar: Real>(
    _ update: ParameterUpdate<Scalar>,
    _ body: (_ index: Int, _ measures: StepMeasures, _ pieces: Pieces) -> Void
  ) {
    for (index, block) in update.layout.blocks.enumerated() where block.isTrained {
      body(index, update.state.measures, Pieces(update.part.ranges[index]))
    }
  }
}

/// Splits a range into pieces, from its start to its end.
private struct Pieces: Sequence, IteratorProtocol {
  private static var length: Int { 8192 }
  private var rest: Range<Int>

  init(_ range: Range<Int>) { rest = range }

  mutating func next() -> Range<Int>? {
    guard !rest.isEmpty else { return nil }
    let piece = rest.prefix(Self.length)
    rest = piece.upperBound..<rest.upperBound
    return piece
  }
}

/// The Ẅ of one step for the second average, by the index of an element in its block.
protocol CurvatureSample<Scalar> {
  associatedtype Scalar: Real
  subscript(k: Int) -> Scalar { get }
}

/// Ẅ was computed in this step: the mean over its samples.
///
/// Valid while its ``BlockUpdate`` keeps the memory alive, for the elements of that update.
@safe
struct NewCurvature<Scalar: Real>: CurvatureSample {
  private let pointer: UnsafeMutablePointer<Scalar>
  private let perSample: Scalar

  init(_ sums: Vector<Scalar>, perSample: Scalar) {
    self.perSample = perSample
    unsafe pointer = sums.pointer
  }

  @inline(__always) subscript(k: Int) -> Scalar { unsafe pointer[k] * perSample }
}

/// Ẅ was not computed in this step: the average stays as it is.
struct KeptCurvature<Scalar: Real>: CurvatureSample {
  @inline(__always) subscript(k: Int) -> Scalar { 0 }
}
