public import Kernels

/// One layer of a network: it knows its value, its total gradient, how Ẏ and Z pass through it, and its statistics.
///
/// A layer owns its workspaces, allocated by ``reserve(samples:)`` before the first step; it sees its parameters and
/// their statistics as slices of the network's arenas. One step calls, in this order, one of the three `forward`,
/// `totalGradient` unless `forward` has included it, `addStatistics`, `reduceStatistics`, `backward`, with the same number of
/// samples, which may be 0. A
/// layer whose training differs from its use follows the pass of the last `forward` in what comes after it.
public protocol Layer<Scalar>: AnyObject {
  associatedtype Scalar: Real

  /// Units below and above.
  var inputs: Int { get }
  var outputs: Int { get }

  /// The names and shapes of the layer's parameters, in the order in which they lie in its slice; empty for most layers.
  var parameters: [ParameterShape] { get }

  /// Whether the total gradient above can be positive where the one below is zero: true for layers with parameters.
  var introducesTotalGradient: Bool { get }

  /// Whether the layer works in place, and needs its input no more after `forward`: the network then gives it the same
  /// memory for y, Ẏ and Z below and above (u has its own), except for y above the network's input.
  var worksInPlace: Bool { get }

  /// The rows that a sample adds to those of the minibatch over which the layer takes mean and variance: one for each of
  /// its positions. nil for layers that take none.
  var normalizedRowsPerSample: Int? { get }

  /// Allocates workspaces for up to `samples` samples; the only place where a layer allocates.
  func reserve(samples: Int)

  /// The numbers for each sample of what ``reserve(samples:)`` allocates.
  ///
  /// - Parameter bound: of the steps, whose part of the workspaces counts as touched; nil where they form no Ẅ.
  func workspace(bound: Bound?) -> WorkspaceSize

  /// (M1) The layer's value as it is used: x [samples × inputs] to y [samples × outputs].
  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>)

  /// (M1) The layer's value in a pass; the same as in use for most layers. Collective.
  ///
  /// - Parameters:
  ///   - samples: the size of the global minibatch, of which x is this rank's part.
  ///   - ids: what the dropout masks of the rows are addressed by.
  func forward(
    _ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>, pass: Pass, samples: Int,
    ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// (M1, M4, M5) The value in a pass and, where `above` is given, the total gradient, in one traversal where the layer
  /// can. Collective.
  ///
  /// - Parameters:
  ///   - u: as for ``totalGradient(below:input:parameters:into:)``.
  ///   - above: u above; nil where it is zero or not wanted.
  ///   - pass, samples, ids: as for the pass without the total gradient.
  func forward(
    _ x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, parameters: Vector<Scalar>, into y: Matrix<Scalar>,
    _ above: Matrix<Scalar>?, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// (M4, M5) The total gradient: u below [samples × inputs], nil where it is zero (M3), to u above [samples × outputs].
  ///
  /// Not called for layers where both are zero.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>)

  /// Adds up over the ranks what `backward` needs of the whole minibatch; nothing for most layers. Collective.
  ///
  /// The sums Ẇ and Ẅ stay those of this rank.
  ///
  /// - Parameter above: the signals at the layer's output, whose sums `addStatistics` has formed.
  func reduceStatistics(above: Sensitivity<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws

  /// (M8, M10) Passes Ẏ and Z from the layer's output to its input.
  ///
  /// `below.z` is nil where u below is zero or `above.z` is nil.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound)

  /// (M9, M13) Adds the contributions of some samples to the sums Ẇ and Ẅ, or overwrites the sums when not accumulating.
  ///
  /// Not called for layers without parameters.
  ///
  /// - Parameter rows: which of the samples whose signals the matrices hold.
  func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>, rows: Range<Int>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool)

  /// Whether ``formStatistics(of:in:samples:input:above:into:)`` can add several lanes up at once.
  ///
  /// - Parameter u: the total gradient below, nil where it is zero.
  func addsLanes(totalGradientBelow u: Matrix<Scalar>?, bound: Bound) -> Bool

  /// (M9) The sums Ẇ and Ẅ over some lanes of up to `LaneTerms.most` rows, overwritten, to the last bit as if each lane's
  /// were formed by `addStatistics` and added up in the tree. Only for layers that can.
  ///
  /// - Parameters:
  ///   - lanes: a subtree of this rank's lanes.
  ///   - samples: the size of the global minibatch.
  func formStatistics(
    of lanes: Range<Int>, in tree: LaneTree, samples: Int, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>)

  /// Whether Ẇ and Ẅ of some of the output units follow from the signals at the layer's boundaries alone, of whatever
  /// samples: then ranks that see each other's signals share the units out. Every block of parameters has one row for each
  /// output unit.
  var hasSeparableStatistics: Bool { get }

  /// Allocates what ``formStatistics(of:input:totalGradientBelow:above:into:bound:)`` works in.
  func reserve(statisticsOf units: Range<Int>, samples: Int)

  /// (M9, M13) The sums Ẇ and Ẅ of some output units, overwritten; those of the other units are not touched.
  ///
  /// Only for layers with ``hasSeparableStatistics``. The samples need not be those of this layer's last pass.
  ///
  /// - Parameters:
  ///   - units: a part of the output units.
  ///   - x: [samples × inputs].
  ///   - above: of all output units, [samples × outputs].
  ///   - sums: of the whole layer.
  func formStatistics(
    of units: Range<Int>, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound)

  /// (M9, M11) The weights of some output units take a step where their sums would be formed; the sums of their other
  /// parameters are formed. To the last bit as if all sums were formed and then the step taken.
  ///
  /// Only for layers with ``hasSeparableStatistics``, of at most ``WeightStep/mostSamples`` samples; with the paper's bound.
  ///
  /// - Parameters:
  ///   - units, x, above, sums: as for ``formStatistics(of:input:totalGradientBelow:above:into:bound:)``; `wDDot` is nil for
  ///     a step by Ẇ alone.
  ///   - parameters: of the whole layer.
  func moveWeights(
    of units: Range<Int>, _ step: WeightStep<Scalar>, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    parameters: Vector<Scalar>, into sums: StatisticsSlice<Scalar>)

  /// Forward mode at the last forward pass: ẏ⁺, the derivative of the layer's value along a direction.
  ///
  /// - Parameters:
  ///   - below: ẏ, the tangent of the layer's input, [samples × inputs]; nil where it is zero.
  ///   - v: the direction of the layer's own parameters, like them.
  ///   - above: ẏ⁺, [samples × outputs]; overwritten, and other memory than `below`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>)

  /// Σ_s Ẏ⁺ · ÿ⁺ at the last forward pass, with ÿ⁺ the second derivative of the layer's value along a direction: that of
  /// its own rule, for an input that moves evenly.
  ///
  /// - Parameters:
  ///   - tangent: ẏ below, [samples × inputs].
  ///   - yDot: Ẏ⁺ at the layer's output, [samples × outputs].
  ///   - model: with ``Bound/paper`` products of a parameter's change and the input's are left out (M12).
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar

  /// Adds the sides of the layer's kinks, where σ' or σ'' jumps, in the last forward pass; most layers have none.
  func addKinkSides(samples: Int, to sides: inout KinkSides)
}

extension Layer {
  public var parameters: [ParameterShape] { [] }
  public var introducesTotalGradient: Bool { false }
  public var worksInPlace: Bool { false }

  public var normalizedRowsPerSample: Int? { nil }

  public func workspace(bound: Bound?) -> WorkspaceSize { WorkspaceSize() }

  public func forward(
    _ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>, pass: Pass, samples: Int,
    ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    forward(x, parameters: parameters, into: y)
  }

  public func forward(
    _ x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, parameters: Vector<Scalar>, into y: Matrix<Scalar>,
    _ above: Matrix<Scalar>?, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    try forward(x, parameters: parameters, into: y, pass: pass, samples: samples, ids: ids, over: ranks)
    if let above { totalGradient(below: u, input: x, parameters: parameters, into: above) }
  }

  public func reduceStatistics(above: Sensitivity<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {}

  public func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>, rows: Range<Int>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {}

  public func addsLanes(totalGradientBelow u: Matrix<Scalar>?, bound: Bound) -> Bool { false }

  public func formStatistics(
    of lanes: Range<Int>, in tree: LaneTree, samples: Int, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>
  ) {
    preconditionFailure("only a layer that adds lanes up forms the sums of several")
  }

  public var hasSeparableStatistics: Bool { false }

  public func reserve(statisticsOf units: Range<Int>, samples: Int) {}

  public func formStatistics(
    of units: Range<Int>, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound
  ) {
    preconditionFailure("only a layer with separable statistics forms those of some of its units")
  }

  public func moveWeights(
    of units: Range<Int>, _ step: WeightStep<Scalar>, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    parameters: Vector<Scalar>, into sums: StatisticsSlice<Scalar>
  ) {
    preconditionFailure("only a layer with separable statistics moves its weights where their sums are formed")
  }

  public func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar { 0 }

  public func addKinkSides(samples: Int, to sides: inout KinkSides) {}
}
