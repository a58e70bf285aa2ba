public import Kernels

/// (M9, M13) Ẇ and Ẅ of weights [outputs × inputs], followed by biases [outputs], which may be left out.
///
/// They are sums over rows of the layer's input y and of Ẏ and Z above it: `Ẇ = Ẏᵀ y, Ẅ = Zᵀ |y|`, biases with y ≡ 1; the
/// full bound adds `|Ẏ|ᵀ u` to the weights' Ẅ.
public final class AffineStatistics<Scalar: Real> {
  public let inputs: Int
  public let outputs: Int
  private let hasBias: Bool
  /// Whether u below can be other than zero; else |Ẏ| is not needed.
  private let inputCarriesTotalGradient: Bool

  /// That of all layers of the network.
  private let products: ProductWorkspace<Scalar>
  /// |Ẏ|, [rows × outputs], for the full bound.
  private var yDotMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// The lanes of the last sums, and room for those of the biases, [levels × outputs].
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

  /// (M9, M13) The sums of some output units; those of the other units are not touched.
  ///
  /// - Parameters:
  ///   - units: all where nil.
  ///   - x: y below, [rows × inputs].
  ///   - u: [rows × inputs]; nil where it is zero, and not read with the paper's bound.
  ///   - above: of all output units, [rows × outputs].
  ///   - sums: of all units; with `wDDot` nil only the gradient is formed.
  ///   - accumulating: whether the sums are added to; else they are overwritten.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func form(
    of units: Range<Int>? = nil, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    above: Sensitivity<Scalar>, into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
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

  /// Whether ``form(ofLanes:in:samples:input:above:into:)`` can add several lanes up at once: the full bound adds a second
  /// product to a lane's Ẅ before lanes are added up.
  ///
  /// - Parameter u: the total gradient below, nil where it is zero.
  func addsLanes(totalGradientBelow u: Matrix<Scalar>?, bound: Bound) -> Bool { bound == .paper || u == nil }

  /// (M9) The sums over some lanes of up to `LaneTerms.most` rows, overwritten, in one product: to the last bit as if each
  /// lane's were formed by itself and added up in the tree.
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

  /// (M9, M11) The weights of some output units take a step inside the product kernel, where their sums would be formed; the
  /// sums of the biases are formed. To the last bit as if all sums were formed and then the step taken.
  ///
  /// Of at most ``WeightStep/mostSamples`` rows; with the paper's bound.
  ///
  /// - Parameters:
  ///   - units, x, above, sums: as for ``form(of:input:totalGradientBelow:above:into:bound:accumulating:)``; `wDDot` is nil
  ///     for a step by Ẇ alone.
  ///   - parameters: of all units.
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
