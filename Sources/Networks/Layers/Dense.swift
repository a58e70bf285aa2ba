public import Kernels

/// `{dense: 10}`, or `{dense: {inputs: 784, outputs: 10, bias: false}}`: an affine layer, y⁺ = y Wᵀ + b. It treats an
/// input of any shape as one row of numbers.
public struct DenseLayer: LayerDescription {
  public static let names = ["dense"]
  public static let example: String? = "its number of outputs, for example {dense: 10}"

  public static let neededTensors = "a dense layer needs a weight and a bias"

  /// nil: the output size of the layer below.
  public var inputs: Int?
  public var outputs: Int
  public var hasBias: Bool

  public init(inputs: Int? = nil, outputs: Int, hasBias: Bool = true) {
    (self.inputs, self.outputs, self.hasBias) = (inputs, outputs, hasBias)
  }

  public init(name: String) { self.init(outputs: 1) }

  public func sized(for input: Shape, at address: LayerAddress) throws(NetworkError) -> DenseLayer {
    guard (1...LayerConfiguration.maximumUnits).contains(outputs) else {
      throw NetworkError(
        "network: layer \(address) is dense with \(outputs) outputs; it needs 1 to \(LayerConfiguration.maximumUnits)")
    }
    if let inputs, inputs != input.count {
      let below =
        address == LayerAddress(0)
        ? "the data has \(input.count) features" : "the layer below has \(input.count) outputs"
      throw NetworkError("network: layer \(address) is dense with \(inputs) inputs, but \(below)")
    }
    return DenseLayer(inputs: input.count, outputs: outputs, hasBias: hasBias)
  }

  public func output(of input: Shape) -> Shape { Shape(outputs) }

  public func parameters(of input: Shape) -> [ParameterShape] {
    let start = ParameterShape.Start.drawn(fanIn: input.count, fanOut: outputs)
    let weight = ParameterShape(role: .weight, shape: [outputs, input.count], start: start)
    return hasBias ? [weight, ParameterShape(role: .bias, shape: [outputs], start: start)] : [weight]
  }

  public func inputs(of tensors: LayerTensors) -> Int? {
    tensors[.weight].flatMap { $0.count == 2 && $0[1] > 0 ? $0[1] : nil }
  }

  public func fitted(to tensors: LayerTensors, isNamed: Bool) throws(TensorMismatch) -> DenseLayer {
    guard let weight = tensors[.weight], weight.count == 2,
      weight.allSatisfy((1...LayerConfiguration.maximumUnits).contains)
    else {
      throw TensorMismatch(.weight, "there is no such matrix", "a dense layer needs weights [outputs × inputs]")
    }
    let hasTensor = tensors[.bias] != nil
    guard !isNamed else { return DenseLayer(inputs: weight[1], outputs: weight[0], hasBias: hasTensor) }
    guard weight[0] == outputs && weight[1] == inputs ?? weight[1] else {
      throw TensorMismatch(
        .weight,
        "its shape is \(weight), but the file's metadata promises \(inputs.map(String.init) ?? "?") inputs and "
          + "\(outputs) outputs", "write weights as [outputs × inputs]")
    }
    guard hasBias || !hasTensor else {
      throw TensorMismatch(
        .bias, "the file's metadata promises a dense layer without bias", "leave the tensor out")
    }
    return DenseLayer(inputs: weight[1], outputs: weight[0], hasBias: hasBias)
  }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> {
    Dense(
      AffineStatistics(
        inputs: site.input.count, outputs: outputs, hasBias: hasBias,
        inputCarriesTotalGradient: site.inputCarriesTotalGradient, products: site.products),
      products: site.products)
  }
}

extension LayerConfiguration {
  /// An affine layer; without `inputs` its input size is the output size of the layer below.
  public static func dense(inputs: Int? = nil, outputs: Int, bias: Bool = true) -> LayerConfiguration {
    LayerConfiguration(DenseLayer(inputs: inputs, outputs: outputs, hasBias: bias))
  }
}

extension DenseLayer: Codable {
  private enum Key: String, CodingKey, CaseIterable { case inputs, outputs, bias }

  public init(from decoder: any Decoder) throws {
    guard let settings = try decoder.settings(Key.self) else {
      self.init(outputs: try decoder.singleValueContainer().decode(Int.self))
      return
    }
    self.init(
      inputs: try settings.decodeIfPresent(Int.self, forKey: .inputs),
      outputs: try settings.decode(Int.self, forKey: .outputs),
      hasBias: try settings.decodeIfPresent(Bool.self, forKey: .bias) ?? true)
  }

  public func encode(to encoder: any Encoder) throws {
    if inputs == nil, hasBias {
      var container = encoder.singleValueContainer()
      return try container.encode(outputs)
    }
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(inputs, forKey: .inputs)
    try container.encode(outputs, forKey: .outputs)
    if !hasBias { try container.encode(hasBias, forKey: .bias) }
  }
}

/// The layer that a ``DenseLayer`` describes.
private final class Dense<Scalar: Real>: Layer {
  private let affine: AffineStatistics<Scalar>
  private let products: ProductWorkspace<Scalar>
  /// What the parameters add to the total gradient above (M4, M27), [samples].
  private var parameterInputs = Arena<Scalar>(count: 0).all

  init(_ affine: AffineStatistics<Scalar>, products: ProductWorkspace<Scalar>) {
    (self.affine, self.products) = (affine, products)
  }

  var statistics: StatisticsForm<Scalar> { .affine(affine) }

  func reserve(_ room: Room<Scalar>) {
    room.reserve(products, rows: room.samples, columns: affine.outputs, terms: affine.inputs)
    room.reserve(products, rows: room.samples, columns: affine.inputs, terms: affine.outputs)
    parameterInputs = room.matrix(columns: 1).elements
    affine.reserve(room)
  }

  /// (M1) and (M4) in one pass over the weights.
  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    multiplyForward(site)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func multiplyForward(_ site: Site<Scalar>) {
    let (x, weights, biases) = (site.input.y, affine.weights(site.parameters), affine.biases(site.parameters))
    guard let u = site.input.u, let above = site.output.u else {
      multiplyPair(x, nil, transposed: weights, into: site.output.y, nil, addingRow: biases, workspace: products)
      if site.output.u != nil { totalGradient(site) }
      return
    }
    let own = parameterInputs[0..<x.rows]
    affine.parameterInputs(of: x, site.pass.partition, times: site.scales.parameterInputs, into: own)
    multiplyPair(
      x, u, transposed: weights, into: site.output.y, above, addingRow: biases, addingColumn: own,
      workspace: products)
  }

  /// (M4) `u⁺_i = Σ_j |y_j| + 1[bias] + Σ_j |w_ij| u_j`, by unit (M27) `u⁺_i = ‖ỹ‖₂ + Σ_j |w_ij| u_j`: one number for each
  /// sample, and one product where u is not zero.
  func totalGradient(_ site: Site<Scalar>) {
    guard let above = site.output.u else { return }
    let own = parameterInputs[0..<site.rows]
    affine.parameterInputs(of: site.input.y, site.pass.partition, times: site.scales.parameterInputs, into: own)
    above.fillRows(with: own)
    guard let u = site.input.u else { return }
    multiplyPair(nil, u, transposed: affine.weights(site.parameters), into: nil, above, beta: 1, workspace: products)
  }

  /// (M10) `Ẏ_j = Σ_i Ẏ_i w_ij, Z_j = Σ_i Z_i |w_ij|`; (M13) adds `Σ_i |Ẏ_i|` to Z_j.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    multiplyBackward(site)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func multiplyBackward(_ site: Site<Scalar>) {
    let (above, weights) = (site.above, affine.weights(site.parameters))
    let z = site.input.z == nil ? nil : above.z
    guard site.bound == .full, let z, let zBelow = site.input.z else {
      multiplyPair(
        above.yDot, z, weights, into: site.input.yDot, z == nil ? nil : site.input.z, workspace: products)
      return
    }
    multiplyPair(above.yDot, nil, weights, into: site.input.yDot, nil, workspace: products)
    zBelow.fillRows(withMagnitudeSumsOf: above.yDot, plus: 0)
    if site.scales.yDot != 1 { zBelow.elements.scale(by: site.scales.yDot) }
    multiplyPair(nil, z, weights, into: nil, zBelow, beta: 1, workspace: products)
  }

  /// `ẏ⁺ = V y + v_b + W ẏ`.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) {
    multiplyPair(
      site.input.y, nil, transposed: affine.weights(v), into: site.output.tangent, nil, addingRow: affine.biases(v),
      workspace: products)
    guard let below = site.input.tangent else { return }
    multiplyPair(
      below, nil, transposed: affine.weights(site.parameters), into: site.output.tangent, nil, beta: 1,
      workspace: products)
  }

  /// `2 Σ_s Ẏ⁺ · V ẏ`, the product of the weights' change and the input's change.
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar {
    guard model == .full, let tangent = site.input.tangent else { return 0 }
    let product = Matrix<Scalar>(rows: tangent.rows, columns: affine.outputs)
    multiplyPair(tangent, nil, transposed: affine.weights(v), into: product, nil, workspace: products)
    return 2 * product.elements.dot(site.output.yDot.elements)
  }
}
