public import Kernels

/// (M9, M13) Ẇ and Ẅ of weights [outputs × inputs], followed by biases [outputs], which may be left out.
///
/// They are sums over rows of the layer's input y and of Ẏ and Z above it: `Ẇ = Ẏᵀ y, Ẅ = Zᵀ |y|`, biases with y ≡ 1; the
/// full bound adds `|Ẏ|ᵀ u` to the weights' Ẅ.
public final class AffineStatistics<Scalar: Real> {
  public let inputs: Int
  public let outputs: Int
  let hasBias: Bool
  /// Whether u below can differ from zero; otherwise |Ẏ| is not needed.
  private let inputCarriesTotalGradient: Bool

  /// The workspace that all layers of the network share.
  private let products: ProductWorkspace<Scalar>
  /// |Ẏ|, [rows × outputs], for the full bound.
  private var yDotMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// The lanes of the last sums, and memory for the lanes' sums of the biases, [levels × outputs].
  private let laneTerms = LaneTerms()
  private var laneBiases = Arena<Scalar>(count: 0)

  public init(
    inputs: Int, outputs: Int, hasBias: Bool, inputCarriesTotalGradient: Bool, products: ProductWorkspace<Scalar>
  ) {
    (self.inputs, self.outputs, self.hasBias) = (inputs, outputs, hasBias)
    (self.inputCarriesTotalGradient, self.products) = (inputCarriesTotalGradient, products)
  }

  /// Takes the workspaces.
  public func reserve(_ room: Room<Scalar>) {
    let (units, samples) = (room.units(of: outputs).count, room.statisticsSamples)
    for isStep in [false, true] {
      room.reserve(products, rows: outputs, columns: inputs, terms: room.samples, isStep: isStep)
      room.reserve(products, rows: units, columns: inputs, terms: samples, isStep: isStep)
    }
    guard inputCarriesTotalGradient else { return }
    yDotMagnitudes = room.statisticsMatrix(columns: outputs, isTouched: room.bound == .full)
  }

  /// The weights of a vector that holds the layer's parameters or their sums.
  public func weights(_ parameters: Vector<Scalar>) -> Matrix<Scalar> {
    parameters[0..<outputs * inputs].matrix(rows: outputs, columns: inputs)
  }

  /// The biases of such a vector; nil where the layer has none.
  public func biases(_ parameters: Vector<Scalar>) -> Vector<Scalar>? {
    hasBias ? parameters[outputs * inputs..<outputs * inputs + outputs] : nil
  }

  /// (M4, M27) What the layer's own parameters add to the total gradient above, one number for each row: `Σ_j |y_j| + 1[bias]`
  /// by weight, `‖ỹ‖₂` with ỹ = (y, 1[bias]) by unit, times a number.
  func parameterInputs(
    of x: Matrix<Scalar>, _ partition: Partition, times scale: Scalar = 1, into sums: Vector<Scalar>
  ) {
    switch partition {
    case .weight: x.magnitudeSums(plus: hasBias ? 1 : 0, into: sums)
    case .unit: x.norms(plus: hasBias ? 1 : 0, into: sums)
    }
    if scale != 1 { sums.scale(by: scale) }
  }

  /// (M9, M13) Forms the sums of some output units; the sums of the other units are not touched.
  ///
  /// - Parameters:
  ///   - units: all where nil.
  ///   - x: y below, [rows × inputs].
  ///   - u: [rows × inputs]; nil where it is zero. It is not read with the paper's bound.
  ///   - above: the signals of all output units, [rows × outputs].
  ///   - scale: the number by which the products |Ẏ| u are multiplied, see ``SignalScales/products``.
  ///   - sums: the sums of all units; if `wDDot` is nil, only the gradient is formed.
  ///   - accumulating: whether the new sums are added to the old ones; otherwise they overwrite them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func form(
    of units: Range<Int>? = nil, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    above: Sensitivity<Scalar>, scale: Scalar = 1, into sums: StatisticsSlice<Scalar>, bound: Bound,
    accumulating: Bool
  ) {
    let units = units ?? 0..<outputs
    let (z, wDDot) = sums.wDDot == nil ? (nil, nil) : (above.z, sums.wDDot)
    multiplyPair(
      transposed: above.yDot, z, x, into: weights(sums.wDot), z == nil ? nil : wDDot.map(weights), rows: units,
      beta: accumulating ? 1 : 0, workspace: products)
    formBiases(of: units, above: above, into: sums, accumulating: accumulating)
    if bound == .full, let u, let wDDot, z != nil {
      let yDot = yDotMagnitudes.prefix(x.rows)
      above.yDot.elements.magnitudes(into: yDot.elements)
      if scale != 1 { yDot.elements.scale(by: scale) }
      multiplyPair(
        transposed: yDot, nil, u, into: weights(wDDot), nil, rows: units, beta: 1, workspace: products)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func formBiases(
    of units: Range<Int>, above: Sensitivity<Scalar>, into sums: StatisticsSlice<Scalar>, accumulating: Bool
  ) {
    if let bias = biases(sums.wDot) {
      above.yDot.sumRows(columns: units, into: bias[units], accumulating: accumulating)
    }
    if let z = above.z, let bias = sums.wDDot.flatMap(biases) {
      z.sumRows(columns: units, into: bias[units], accumulating: accumulating)
    }
  }

  /// Whether ``form(ofLanes:in:samples:input:above:into:)`` can form the sums of several lanes at once. With the full
  /// bound it cannot, since a second product is added to each lane's Ẅ before the lanes are added.
  ///
  /// - Parameter u: the total gradient below; nil where it is zero.
  func addsLanes(totalGradientBelow u: Matrix<Scalar>?, bound: Bound) -> Bool { bound == .paper || u == nil }

  /// (M9) Overwrites `sums` with the sums over some lanes of up to `LaneTerms.most` rows, in one product. The bits are
  /// the same as if the sums of each lane were formed separately and added in the tree.
  ///
  /// - Parameters:
  ///   - lanes: a subtree of this rank's lanes.
  ///   - samples: the size of the global minibatch.
  func form(
    ofLanes lanes: Range<Int>, in tree: LaneTree, samples: Int, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>
  ) {
    if laneBiases.count < tree.levels * outputs { laneBiases = Arena(count: tree.levels * outputs) }
    laneTerms.set(lanes, of: tree, samples: samples)
    let rows = tree.rows(of: lanes, samples: samples)
    let (z, wDDot) = sums.wDDot == nil ? (nil, nil) : (above.z, sums.wDDot)
    multiplyPair(
      transposed: above.yDot[rows], z?[rows], x[rows], into: weights(sums.wDot),
      z == nil ? nil : wDDot.map(weights), lanes: laneTerms, workspace: products)
    func addBiases(_ signal: Matrix<Scalar>, into bias: Vector<Scalar>) {
      func target(_ level: Int) -> Vector<Scalar> {
        level == 0 ? bias : laneBiases.all[(level - 1) * outputs..<level * outputs]
      }
      tree.fold(lanes) { lane, level in
        signal[tree.rows(of: lane, samples: samples)].sumRows(into: target(level), accumulating: false)
      } join: {
        target($0).add(target($0 + 1))
      }
    }
    if let bias = biases(sums.wDot) { addBiases(above.yDot, into: bias) }
    if let wDDot, let z, let bias = biases(wDDot) { addBiases(z, into: bias) }
  }

  /// (M9, M11) Updates the weights of some output units by a step inside the product kernel, instead of forming their
  /// sums in memory; forms the sums of the biases. The bits are the same as if all sums were formed first and the step
  /// taken afterwards.
  ///
  /// For at most ``WeightStep/mostSamples`` rows, and only with the paper's bound.
  ///
  /// - Parameters:
  ///   - units, x, above, sums: as for ``form(of:input:totalGradientBelow:above:into:bound:accumulating:)``; `wDDot` is
  ///     nil for a step with Ẇ alone.
  ///   - parameters: the parameters of all units.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func moveWeights(
    of units: Range<Int>, _ step: WeightStep<Scalar>, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    parameters: Vector<Scalar>, into sums: StatisticsSlice<Scalar>
  ) {
    moveByProducts(
      weights(parameters), rows: units, step, transposed: above.yDot, sums.wDDot == nil ? nil : above.z, x,
      workspace: products)
    formBiases(of: units, above: above, into: sums, accumulating: false)
  }
}
