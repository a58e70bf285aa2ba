public import Kernels

/// A stack of layers with the signals of one minibatch at every boundary between them.
///
/// Boundary 0 is the input, boundary L the output. The network owns no parameters: they, Ẇ and Ẅ are arenas of the
/// caller with the order of ``layout``.
public final class Network<Scalar: Real> {
  /// The layers with every size written out.
  public let configuration: [LayerConfiguration]
  public let layers: [any Layer<Scalar>]
  public let layout: ParameterLayout

  /// The number of input features and output units.
  public let inputs: Int
  public let outputs: Int
  /// The most samples that fit the workspaces.
  public private(set) var capacity = 0

  /// The lowest layer with parameters: nothing below it needs Ẏ or Z.
  private let lowestTrained: Int
  /// For each boundary, whether its total gradient can be other than zero.
  private let carriesTotalGradient: [Bool]

  /// y at the boundaries above the layers, and u, Ẏ, Z at all boundaries that need them, [capacity × units].
  private var values: [Matrix<Scalar>] = []
  private var totalGradients: [Matrix<Scalar>] = []
  private var yDots: [Matrix<Scalar>] = []
  private var zs: [Matrix<Scalar>] = []

  /// A network for inputs of `inputs` features.
  ///
  /// - Throws: ``NetworkError`` when the layers do not fit together.
  public init(_ layers: [LayerConfiguration], inputs: Int) throws(NetworkError) {
    configuration = try LayerConfiguration.resolve(layers, inputs: inputs)
    var built: [any Layer<Scalar>] = []
    var units = inputs
    var isNonNegative = false
    var carries = [false]
    for layer in configuration {
      let next: any Layer<Scalar> = layer.makeLayer(
        inputs: units, inputIsNonNegative: isNonNegative, inputCarriesTotalGradient: carries[carries.count - 1])
      isNonNegative = next.outputIsNonNegative(inputIsNonNegative: isNonNegative)
      carries.append(next.introducesTotalGradient || carries[carries.count - 1])
      units = next.outputs
      built.append(next)
    }
    self.layers = built
    self.inputs = inputs
    outputs = units
    carriesTotalGradient = carries
    layout = ParameterLayout(built.map(\.parameters))
    lowestTrained = built.firstIndex { !$0.parameters.isEmpty } ?? 0
  }

  /// Allocates every workspace for minibatches of up to `samples` samples. After it a step allocates nothing.
  public func reserve(samples: Int) {
    guard samples > capacity else { return }
    capacity = samples
    for layer in layers { layer.reserve(samples: samples) }
    let boundaries = 0...layers.count
    let none = Matrix<Scalar>(rows: 0, columns: 0)
    func units(_ boundary: Int) -> Int { boundary == 0 ? inputs : layers[boundary - 1].outputs }
    /// One matrix for each boundary that needs one; shared across elementwise layers when they work in place on it.
    func workspaces(inPlace: Bool, _ isNeeded: (Int) -> Bool) -> [Matrix<Scalar>] {
      var matrices: [Matrix<Scalar>] = []
      for boundary in boundaries {
        if inPlace, boundary > 0, layers[boundary - 1].isElementwise, let below = matrices.last, below.rows > 0 {
          matrices.append(below)
        } else {
          matrices.append(isNeeded(boundary) ? Matrix(rows: samples, columns: units(boundary)) : none)
        }
      }
      return matrices
    }
    values = workspaces(inPlace: true) { $0 > 0 }
    totalGradients = workspaces(inPlace: false) { carriesTotalGradient[$0] }
    yDots = workspaces(inPlace: true) { $0 > lowestTrained }
    zs = workspaces(inPlace: true) { $0 > lowestTrained && carriesTotalGradient[$0] }
  }

  /// (M1) The outputs for a minibatch; valid until the next forward pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func forward(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    precondition(inputs.rows <= capacity, "a minibatch must fit the reserved workspaces")
    var x = inputs
    for index in 0..<layers.count {
      let y = values[index + 1].prefix(inputs.rows)
      layers[index].forward(x, parameters: parameters[layout.slices[index]], into: y)
      x = y
    }
    return x
  }

  /// (M3–M5) The total gradient at the output for the minibatch of the last forward pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func totalGradient(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    for index in 0..<layers.count where carriesTotalGradient[index + 1] {
      layers[index].totalGradient(
        below: totalGradient(at: index, samples: inputs.rows), input: value(at: index, inputs),
        parameters: parameters[layout.slices[index]], into: totalGradients[index + 1].prefix(inputs.rows))
    }
    return totalGradients[layers.count].prefix(inputs.rows)
  }

  /// The sum of the losses of the minibatch of the last forward pass, without regularisation.
  public func loss(_ loss: Loss, targets: Matrix<Scalar>) -> Double {
    let (samples, top) = (targets.rows, layers.count)
    return loss.evaluate(
      outputs: values[top].prefix(samples), targets: targets, gradient: yDots[top].prefix(samples),
      curvature: zs[top].prefix(samples))
  }

  /// (M6–M10, M13) The losses of the minibatch of the last forward pass, and the sums Ẇ and Ẅ over its samples.
  ///
  /// With `sums.wDDot` nil only the gradient is computed, and u is neither needed nor touched.
  ///
  /// - Parameters:
  ///   - inputs: the minibatch given to ``forward(_:parameters:)``, [samples × inputs].
  ///   - targets: [samples × outputs].
  ///   - sums: Ẇ and Ẅ, each [``layout``.count]; overwritten, or added to when accumulating.
  /// - Returns: the sum of the samples' losses, without regularisation.
  /// - Complexity: for each affine layer two products of its weights' size, four with curvature and one above the first.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, into sums: StatisticsSlice<Scalar>, accumulating: Bool = false
  ) -> Double {
    let samples = inputs.rows
    let wantsCurvature = sums.wDDot != nil
    let top = layers.count
    let (gradient, h) = (yDots[top].prefix(samples), zs[top].prefix(samples))
    let total = loss.evaluate(
      outputs: values[top].prefix(samples), targets: targets, gradient: gradient, curvature: h)
    if wantsCurvature {
      loss.partitionCurvature(h, totalGradient: totalGradient(inputs, parameters: parameters), partition)
    }

    for index in (lowestTrained..<layers.count).reversed() {
      let (layer, slice) = (layers[index], layout.slices[index])
      let above = sensitivity(at: index + 1, samples: samples, wantsCurvature)
      let u = wantsCurvature ? totalGradient(at: index, samples: samples) : nil
      if !slice.isEmpty {
        layer.addStatistics(
          input: value(at: index, inputs), totalGradientBelow: u, above: above,
          into: StatisticsSlice(wDot: sums.wDot[slice], wDDot: sums.wDDot.map { $0[slice] }), bound: bound,
          accumulating: accumulating)
      }
      if index > lowestTrained {
        layer.backward(
          above: above, below: sensitivity(at: index, samples: samples, wantsCurvature), totalGradientBelow: u,
          parameters: parameters[slice], bound: bound)
      }
    }
    return total
  }

  private func value(at boundary: Int, _ inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    boundary == 0 ? inputs : values[boundary].prefix(inputs.rows)
  }

  private func totalGradient(at boundary: Int, samples: Int) -> Matrix<Scalar>? {
    carriesTotalGradient[boundary] ? totalGradients[boundary].prefix(samples) : nil
  }

  private func sensitivity(at boundary: Int, samples: Int, _ wantsCurvature: Bool) -> Sensitivity<Scalar> {
    let hasZ = wantsCurvature && carriesTotalGradient[boundary]
    return Sensitivity(yDot: yDots[boundary].prefix(samples), z: hasZ ? zs[boundary].prefix(samples) : nil)
  }
}
